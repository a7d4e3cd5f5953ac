"""How far the table carries: the requests that the code really sends, under DynamoDB's documented partition rules.

`python -m bench.scale` records the requests of each deed on DynamoDB Local, multiplies them by the rates of six
scenarios, and says which key gives way first, and at which load.
"""
