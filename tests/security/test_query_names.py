"""Every route refuses a query parameter that it does not know, and names those that it knows."""

from dataclasses import replace

from tests.contract.ground import Ground, label, routes


def test_an_unknown_query_parameter_is_400_and_the_answer_names_the_known_ones(ground: Ground) -> None:
    for route in routes():
        right = ground.rightful(route)
        answer = ground.send(
            route, replace(right, query=f"{right.query}&colour=red".lstrip("&")), token=ground.token(route)
        )

        assert (answer.status, answer.code) == (400, "VALIDATION_ERROR"), label(route)
        details = answer.json.get("details") or answer.json["error"]["details"]
        assert [problem["field"] for problem in details] == ["colour"]
        fields = route.query.model_fields if route.query else {}
        known = [field.alias or name for name, field in fields.items()]
        assert all(name in details[0]["message"] for name in known), (label(route), details)


def test_page_is_400_on_every_list_that_goes_by_cursor(ground: Ground) -> None:
    lists = [
        route
        for route in routes()
        if route.query and "cursor" in route.query.model_fields and "page" not in route.query.model_fields
    ]
    for route in lists:
        answer = ground.send(route, replace(ground.rightful(route), query="page=2"), token=ground.token(route))

        assert answer.status == 400, label(route)
        assert "paged by cursor" in answer.text, label(route)
    assert lists


def test_the_parameters_of_caches_and_campaigns_are_ignored(ground: Ground) -> None:
    reading = [route for route in routes() if route.method == "GET" and route.reply is not None]
    for route in reading:
        right = ground.rightful(route)
        query = f"{right.query}&_=1&utm_source=mail&utm_x=y".lstrip("&")
        answer = ground.send(route, replace(right, query=query), token=ground.token(route))

        assert answer.status == route.status, (label(route), answer.text)
    assert reading


def test_many_and_long_unknown_names_are_not_repeated_at_length(ground: Ground) -> None:
    route = next(route for route in routes() if route.operation_id == "public_events")
    names = [f"{'x' * 300}{number}" for number in range(20)]
    query = "&".join(f"{name}=1" for name in names)
    answer = ground.send(route, replace(ground.rightful(route), query=query), token=None)

    assert answer.status == 400
    assert len(answer.text) < 2000
