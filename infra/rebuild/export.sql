-- Questions to an export of the table, for Athena. `make export-query` answers the same without it.
-- Replace BUCKET (the output ExportsBucket) and EXPORT (the folder of one export) below.
--
-- Each line of the files is an item as DynamoDB JSON (AWS, "DynamoDB table export output format"). It is read as one
-- text: a column for each attribute would be a type for each kind of item. No JSON has the byte 1, so it ends no field.

CREATE EXTERNAL TABLE gatehouse_export (line string)
ROW FORMAT DELIMITED FIELDS TERMINATED BY '\001' LINES TERMINATED BY '\n'
STORED AS TEXTFILE
LOCATION 's3://BUCKET/AWSDynamoDB/EXPORT/data/';

-- Sums of the journals, by event and currency: each is zero.
SELECT
  coalesce(json_extract_scalar(json_extract_scalar(line, '$.Item.references.S'), '$.event_id'), 'no event') AS event_id,
  json_extract_scalar(line, '$.Item.currency.S') AS currency,
  sum(CAST(json_extract_scalar(
    json_extract_scalar(line, '$.Item.entries.S'), concat('$[', CAST(place AS varchar), '].amount')
  ) AS bigint)) AS amount
FROM gatehouse_export
CROSS JOIN UNNEST(
  sequence(0, json_array_length(json_extract_scalar(line, '$.Item.entries.S')) - 1)
) AS places (place)
WHERE json_extract_scalar(line, '$.Item.kind.S') = 'journal'
GROUP BY 1, 2
ORDER BY 1, 2;

-- Admissions by event: the tickets that were admitted, and what the counters say.
SELECT event_id, sum(tickets) AS tickets, sum(counted) AS counted
FROM (
  SELECT json_extract_scalar(line, '$.Item.event_id.S') AS event_id, 1 AS tickets, 0 AS counted
  FROM gatehouse_export
  WHERE json_extract_scalar(line, '$.Item.kind.S') = 'ticket' AND json_extract(line, '$.Item.admission') IS NOT NULL
  UNION ALL
  SELECT
    substr(json_extract_scalar(line, '$.Item.pk.S'), strpos(json_extract_scalar(line, '$.Item.pk.S'), '#') + 1),
    0,
    CAST(coalesce(json_extract_scalar(line, '$.Item.admitted.N'), '0') AS bigint)
  FROM gatehouse_export
  WHERE json_extract_scalar(line, '$.Item.kind.S') = 'counters'
) AS found
GROUP BY event_id
HAVING sum(tickets) > 0 OR sum(counted) > 0
ORDER BY event_id;
