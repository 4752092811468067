"""The error tree.

Every error the package raises on purpose is a `VsaiError` and also the builtin that a Python user would expect. The
exit code of the command line lives on the class. A message says what was asked, what was found and what to do.
"""

from typing import ClassVar


class VsaiError(Exception):
    """Base of all errors raised on purpose; the job failed (exit code 1)."""

    exit_code: ClassVar[int] = 1


class ArgumentError(VsaiError, ValueError):
    """An argument is outside what the function accepts."""

    exit_code = 2


class UnknownNameError(VsaiError, LookupError):
    """A name (network, preset, encoder, backend) is not in its table."""

    exit_code = 2


class MissingError(VsaiError, RuntimeError):
    """Something that can be installed is missing: a plugin, a runtime, an encoder, a file of a network."""

    exit_code = 3


class InputError(VsaiError, ValueError):
    """The input is damaged, empty or of a kind that is not supported."""

    exit_code = 4


class OutputError(VsaiError, OSError):
    """The output cannot be written where it was asked for."""

    exit_code = 2


class JobError(VsaiError, RuntimeError):
    """A job that had started did not finish: a child process failed or its result did not match the plan."""
