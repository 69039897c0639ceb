"""The commands: `cli NAME` is in the file of that name; what several of them share is in commands/shared."""
