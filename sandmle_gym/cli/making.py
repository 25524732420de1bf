"""Commands that make tasks: new, export, freeze."""

COMMANDS = ()
