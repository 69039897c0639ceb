"""Readers of the exports of streaming services, and of programs that go with them."""
