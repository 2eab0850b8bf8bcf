"""The table of serving shows what went wrong."""

from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
PEERS_MOST, OWN_MOST = 1000.0, 2500.0


@pytest.fixture(scope="module")
def table():
    import serving_table

    return serving_table


def told(goodput: float, p99: float | None, **more: object) -> dict[str, object]:
    plain = {"wrong": 0, "failed": {}, "refused": 0, "refused_p99_ms": None, "late_p99_ms": 0.1}
    memory = {"rss_before": 100 << 20, "rss_after": 101 << 20, "server_cpu_ms": 0.05}
    times = {"p50_ms": 1.0, "p99_ms": p99, "refused_without_retry_after": 0}
    return {"goodput": goodput, **plain, **memory, **times, **more}


def one_round(most: float, p99: float | None, **more: object) -> dict[str, object]:
    loads = [f"{whose} {share}" for whose in ("own", "same") for share in (50, 80, 95)]
    every = {load: told(most, p99) for load in loads}
    return {"maximum": told(most, p99), **every, "overload": told(0.9 * most, p99), **more}


def results(own: dict[str, object], peer: dict[str, object]) -> dict[str, object]:
    servers = {
        "saccade": {"way": "", "rounds": [own]},
        "FastAPI": {"way": "async, 1 worker", "rounds": [peer]},
    }
    return {
        "command": "python benchmarks/serving.py", "hardware": "2 cores", "python": "3.13.0",
        "rounds": 1, "seconds": 10, "versions": {"saccade": "saccade 0.1.0"},
        "nets": {"softmax": {"picture": [28, 28, 1], "servers": servers}},
    }  # fmt: skip


def test_ratios_are_to_the_better_peer(table):
    lines = table.lines(results(one_round(OWN_MOST, 5.0), one_round(PEERS_MOST, 10.0)))
    assert "| softmax | 2.50 | FastAPI | 0.50 | 0.50 | 0.50 |" in lines
    assert any("| 90 % | none | 100, 101 |" in line for line in lines)
    assert not any("wrong" in line or "late (p99)" in line for line in lines)


def test_what_was_wrong_stands_below(table):
    own = one_round(
        OWN_MOST,
        5.0,
        **{"own 80": told(1.0, 5.0, wrong=3), "same 50": told(1.0, None, failed={"cut off": 2})},
    )
    peer = one_round(PEERS_MOST, 10.0, **{"own 50": told(1.0, 5.0, late_p99_ms=40.0)})
    lines = table.lines(results(own, peer))
    assert "- softmax, saccade, own 80: 3 wrong answers" in lines
    assert "- softmax, saccade, same 50: 2 failed" in lines
    assert (
        "- softmax, FastAPI, async, 1 worker, own 50: the generator was 40 ms late (p99)" in lines
    )
    assert any("| softmax | 2.50 | FastAPI | never |" in line for line in lines)


def test_only_what_stands_between_its_marks_is_replaced(table, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n")
    table.write_serving_table(results(one_round(1.0, 1.0), one_round(1.0, 1.0)), page)
    text = page.read_text()
    assert text.startswith("before\n") and text.endswith("\nafter\n") and "\nold\n" not in text


def test_the_page_has_the_marks(table):
    page = PAGE.read_text()
    assert page.count(table.BEGIN) == page.count(table.END) == 1
