"""The networks: a card for each, those that are shipped, and those that the user adds."""

from vsainimotion.models.card import KINDS, Card, KindRow, load_card
from vsainimotion.models.catalogue import (
    add_model,
    fetch_model,
    find_card,
    list_cards,
    locate_network,
    remove_model,
    user_folder,
)
from vsainimotion.models.header import Header, read_header

__all__ = [
    "KINDS",
    "Card",
    "Header",
    "KindRow",
    "add_model",
    "fetch_model",
    "find_card",
    "list_cards",
    "load_card",
    "locate_network",
    "read_header",
    "remove_model",
    "user_folder",
]
