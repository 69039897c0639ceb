"""Quotes of CSV: clean text stays as it is, and a stray quote spoils no other line."""

import csv
import io

import pytest

from earshot.data.tables.quoted_lines import quoted_blocks


def rows(*blocks, separator=",", n_columns=3):
    """Fields of the records, as a reader of clean CSV sees them."""
    text = b"".join(quoted_blocks(blocks, separator, n_columns)).decode()
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))


@pytest.mark.parametrize(
    "text",
    [
        b'a,"b, c",d\r\n"say ""hi""","",x\n',
        b'a,"""12",d\na,"12""",d\n,"""",\n',
        b"a,b,c\nd,e,f",
        b'"a","b","c"',
    ],
)
def test_clean_text_passes_untouched(text):
    assert b"".join(quoted_blocks([text], ",", 3)) == text


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ('ana,12" Mix,5', ["ana", '12" Mix', "5"]),
        ('ana,Mix 12",5', ["ana", 'Mix 12"', "5"]),
        ('ana,"Heroes" (live),5', ["ana", '"Heroes" (live)', "5"]),
        ('"Heroes" (live),"Foo",5', ['"Heroes" (live)', "Foo", "5"]),
        ('ana,"Tyler, "the" Creator",5', ["ana", 'Tyler, "the" Creator', "5"]),
        ('ana,5" x 7",5\r', ["ana", '5" x 7"', "5"]),
        ('ana,"2,5', ["ana", "2", "5"]),
        ('ana, "One, Two", "5"', ["ana", "One, Two", "5"]),
        ('ana,12" Mix,', ["ana", '12" Mix', ""]),
        ('12" Mix', ['12" Mix']),
    ],
)
def test_a_quote_that_is_a_letter_stays_in_its_line(line, fields):
    clean = 'b,"One, Two",7'
    assert rows(f"{clean}\n{line}\n{clean}\n".encode()) == [["b", "One, Two", "7"], fields, ["b", "One, Two", "7"]]


def test_a_record_of_several_lines_stays_one_wherever_blocks_end():
    lines = [b'a,"x\n', b"\n", b'y ""z"" %d",1\n', b'b,12" Mix,2\n']
    text = [line % number if b"%" in line else line for number in range(9) for line in lines]
    expected = [row for number in range(9) for row in (["a", f'x\n\ny "z" {number}', "1"], ["b", '12" Mix', "2"])]
    for n_together in range(1, 12):
        blocks = [b"".join(text[place : place + n_together]) for place in range(0, len(text), n_together)]
        assert rows(*blocks) == expected


def test_a_quote_that_is_never_closed_costs_only_itself():
    others = [["b", "One, Two", "7"]] * 300
    text = b'b,"One, Two",7\n' * 300
    for stray in (b'a,"Heroes,5\n', b'a,Heroes,"5\n'):
        assert rows(stray + text) == [["a", "Heroes", "5"], *others]
        assert rows(text[:1500], stray, text[1500:]) == [*others[:100], ["a", "Heroes", "5"], *others[100:]]
        assert rows(text + stray) == [*others, ["a", "Heroes", "5"]]


def test_other_separators():
    assert rows(b'a\t"b"\t12" Mix\n', separator="\t") == [["a", "b", '12" Mix']]
    assert rows(b'a;"b;c";12" Mix\n', separator=";") == [["a", "b;c", '12" Mix']]
