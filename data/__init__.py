"""What comes in from outside: folders, worlds, and the ids that everything else goes by."""
