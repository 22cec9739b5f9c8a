#include "store/model_view.h"

namespace headrace::store {

std::string model_views_sql() {
  return R"sql(
CREATE OR REPLACE VIEW model AS
SELECT object_id AS model_id, name, version, path, attributes->>'$.class' AS class,
  TRY_CAST(attributes->>'$.modules' AS BIGINT) AS layers,
  TRY_CAST(attributes->>'$.parameters' AS BIGINT) AS parameters,
  TRY_CAST(attributes->>'$.trainable' AS BIGINT) AS trainable, size_bytes,
  attributes->>'$.dtypes' AS dtypes, attributes->>'$.devices' AS devices, sha256,
  attributes->>'$.architecture' AS architecture, created_at
FROM object WHERE kind = 'model';

CREATE OR REPLACE VIEW layer AS
WITH told AS (
  SELECT DISTINCT ON (r.producer, o.name, (o.attributes->>'$.architecture'))
    r.producer, r.workflow, o.object, o.name, o.attributes::JSON AS facts
  FROM object_record r JOIN object_row o ON o.object = r.object
  WHERE r.kind = 'model' AND (o.attributes->'$.modules_1') IS NOT NULL
  ORDER BY r.producer, o.name, (o.attributes->>'$.architecture'), o.created_ns, o.object),
listed AS (
  SELECT producer, workflow, object, name, unnest(TRY_CAST((facts->>key) AS JSON[])) AS facts
  FROM (SELECT *, unnest(json_keys(facts)) AS key FROM told) WHERE key LIKE 'modules\_%' ESCAPE '\'),
ran AS (
  SELECT e.producer, w.workflow, e.model, e.layer,
    sum(e.calls) FILTER (e.phase = 'forward')::BIGINT AS forward_calls,
    sum(e.self_ns) FILTER (e.phase = 'forward') / 1e9 AS forward_s,
    sum(e.calls) FILTER (e.phase = 'backward')::BIGINT AS backward_calls,
    sum(e.self_ns) FILTER (e.phase = 'backward') / 1e9 AS backward_s
  FROM exposure_row e JOIN workflow_row w ON w.wf = e.wf WHERE NOT e.repeated GROUP BY ALL),
ran_in AS (SELECT DISTINCT producer, workflow, model FROM ran)
SELECT coalesce(i.workflow, l.workflow) AS workflow_id, l.object AS model_id, l.name AS model,
  (l.facts->>0)::BIGINT AS position, (l.facts->>1) AS layer, (l.facts->>2) AS type,
  (l.facts->>3)::BIGINT AS parameters, (l.facts->>4)::BIGINT AS trainable, (l.facts->5) AS shapes,
  (l.facts->>6) AS dtype, (l.facts->>7) AS device, r.forward_calls, r.forward_s, r.backward_calls,
  r.backward_s
FROM listed l LEFT JOIN ran_in i ON i.producer = l.producer AND i.model = l.name
LEFT JOIN ran r ON r.producer = l.producer AND r.workflow = i.workflow AND r.model = l.name
  AND r.layer = (l.facts->>1);
)sql";
}

}  // namespace headrace::store
