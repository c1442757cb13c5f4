from c10k.reports.summary.markdown import markdown


def test_names_are_escaped_and_the_topics_are_a_table(tell):
    stated = tell(servers={"my_server|*x*": "event loop", "other": "event loop"})
    page = markdown(stated.measured, stated.comparisons)
    assert page.startswith("### 1,000 clients, one CPU, Python: ")
    table = [line for line in page.splitlines() if line.startswith("|")]
    assert len(table) == 2 + len(stated.topics)
    assert {line.replace("\\|", "").count("|") for line in table} == {7}
    assert "my\\_server\\|\\*x\\*" in table[0]
    assert "my_server" not in page
    assert "confidence: " in page
