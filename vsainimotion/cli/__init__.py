"""The command line: one module a command. `main` turns every error into one sentence and its exit code."""

import contextlib
import importlib
import os
import signal
import sys
import traceback
from collections.abc import Mapping, Sequence
from types import FrameType, MappingProxyType

import click

from vsainimotion import __version__
from vsainimotion.errors import VsaiError

INTERRUPTED = 130

ENDING_SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals that end a job as Ctrl-C does: asked to stop, or the terminal has gone."""

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "enhance": "make a film smoother and larger",
        "info": "what is in a film: streams, rate, colour",
        "explain": "what would be decided for each frame of a film, and why",
        "preview": "before and after at one place, as pictures and a short clip",
        "script": "print the .vpy that enhance would run",
        "models": "list, fetch, add and remove networks",
        "bench": "what each stage costs on this machine, and how its networks run fastest",
        "engines": "build, list and clear TensorRT engines",
        "doctor": "what is installed, what is missing, how to get it",
    }
)
"""The commands, each the module of its name in this package, and what the overview says of it. A module is imported
when its command is asked for, so that the overview is fast."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """Returns the names of the commands in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 (click's signature)
        """Imports a command's module and returns its `command`."""
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"{__name__}.{cmd_name}").command
        assert isinstance(command, click.Command)  # noqa: S101 (a module without one is our own fault)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Writes the overview from the table, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ainimotion")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def program(*, debug: bool) -> None:
    """Make animation move better and look sharper."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line.

    Args:
        arguments: What follows the program's name; None takes the process's own.

    Returns:
        The exit code: 0 done, 1 failed, 2 usage, 3 something is missing, 4 the input is damaged or unsupported, 130
        interrupted.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    heard = [number for number in ENDING_SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]  # nohup ignores one
    previous = {number: signal.signal(number, _interrupt) for number in heard}
    try:
        program.main([part for part in given if part != "--debug"], prog_name="ainimotion", standalone_mode=False)
    except (KeyboardInterrupt, click.Abort):
        return _fail("interrupted", INTERRUPTED, debug=debug)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.exceptions.NoArgsIsHelpError as error:  # nothing was asked for: the overview, as it is laid out
        print(error.format_message(), file=sys.stderr)
        return error.exit_code
    except click.UsageError as error:
        return _fail(_usage(error), error.exit_code, debug=debug)
    except VsaiError as error:
        return _fail(str(error), error.exit_code, debug=debug)
    except BrokenPipeError:
        _drop_output()
        return 1
    except OSError as error:  # a disc that is full or gone, under standard output or a temporary folder
        _drop_output()
        return _fail(f"{error.strerror or error}{f': {error.filename!r}' if error.filename else ''}", 1, debug=debug)
    except Exception as error:  # the last resort: a fault of ours is still one sentence
        return _fail(f"{type(error).__name__}: {error}. This is a fault in ainimotion: see --debug", 1, debug=debug)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    return 0


def _usage(error: click.UsageError) -> str:
    command = error.ctx.command_path if error.ctx else "ainimotion"
    return f"{error.format_message()} See {command} --help"


def _drop_output() -> None:
    """Lets go of what standard output could not take, at which Python would fail once more when it ends (code 120)."""
    with contextlib.suppress(OSError, ValueError, AttributeError):  # there may be no such file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """Ends a job as Ctrl-C does: children stopped, temporary files removed."""
    raise KeyboardInterrupt


def _fail(message: str, code: int, *, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    print(f"ainimotion: {' '.join(message.split())}", file=sys.stderr)
    return code
