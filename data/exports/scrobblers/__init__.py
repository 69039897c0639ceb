"""Readers of the exports of scrobblers: services, servers and players that keep who played what when."""
