"""Readers of the exports of streaming services and of the programs that go with them."""
