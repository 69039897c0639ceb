"""The commands: `cli NAME` is in the file of that name; the rest is what several of them share."""
