"""The error tree is a contract with Python callers and with the shell."""

import inspect

import pytest

from vsainimotion import errors


@pytest.mark.parametrize(
    ("error", "builtin", "exit_code"),
    [
        (errors.ArgumentError, ValueError, 2),
        (errors.UnknownNameError, LookupError, 2),
        (errors.OutputError, OSError, 2),
        (errors.MissingError, RuntimeError, 3),
        (errors.InputError, ValueError, 4),
        (errors.JobError, RuntimeError, 1),
    ],
)
def test_an_error_is_ours_and_a_builtin_and_knows_its_exit_code(
    error: type[errors.VsaiError], builtin: type[Exception], exit_code: int
) -> None:
    assert issubclass(error, errors.VsaiError)
    assert issubclass(error, builtin)
    assert error.exit_code == exit_code


def test_every_error_of_the_module_is_in_the_tree() -> None:
    classes = [item for _, item in inspect.getmembers(errors, inspect.isclass) if item.__module__ == errors.__name__]
    assert all(issubclass(item, errors.VsaiError) for item in classes)
