// For tests: every table of a store, as rows that are equal in stores that hold the same.
#pragma once

namespace headrace::collect {

struct ComparedTable {
  const char* name;
  // Rows as a reader would compare them: names in place of the store's own numbers. Each row must
  // hold an id, or a producer's name, of its study.
  const char* rows;
};
inline constexpr ComparedTable kComparedTables[] = {
    {"task", "SELECT * EXCLUDE (device) FROM task"},
    {"workflow", "FROM workflow"},
    {"campaign", "FROM campaign"},
    {"object", "FROM object"},
    {"edge", "FROM edge"},
    {"log",
     "SELECT l.* EXCLUDE (wf, producer), printf('%015x', p.uid) FROM log_row l JOIN producer_row p "
     "USING (producer)"},
    {"log view", "FROM log"},
    {"exposure",
     "SELECT e.* EXCLUDE (wf, producer), printf('%015x', p.uid) FROM exposure_row e JOIN "
     "producer_row p USING (producer)"},
    {"layer_exposure", "FROM layer_exposure"},
    {"sample",
     "SELECT m.ts, m.raw, m.flags, printf('%015x', p.uid) FROM sample_row m JOIN "
     "sensor_row d ON d.sensor = m.sensor JOIN producer_row p ON p.producer = d.producer"},
    {"sample view",
     "SELECT s.* EXCLUDE (sensor_id), printf('%015x', p.uid) FROM sample s JOIN "
     "sensor_row d ON d.sensor = s.sensor_id JOIN producer_row p ON p.producer = "
     "d.producer"},
    {"sensor",
     "SELECT d.* EXCLUDE (sensor, producer), printf('%015x', p.uid) FROM sensor_row d "
     "JOIN producer_row p USING (producer)"},
    {"gap", "FROM gap"},
    {"producer", "FROM producer"},
    {"accounting", "FROM accounting"},
    {"stored_rows", "FROM stored_rows"},
    {"quarantine", "SELECT producer, reason, ring, number, records FROM quarantine"},
    {"producer_row",
     "SELECT p.* EXCLUDE (producer, uid, facts_order), printf('%015x', uid) FROM "
     "producer_row p WHERE facts IS NOT NULL"},
    {"thread_row",
     "SELECT t.* EXCLUDE (producer), printf('%015x', p.uid) FROM thread_row t JOIN "
     "producer_row p USING (producer)"},
    {"watermark",
     "SELECT w.* EXCLUDE (producer), printf('%015x', p.uid) FROM watermark w JOIN "
     "producer_row p USING (producer)"},
    {"unknown_row",
     "SELECT u.* EXCLUDE (producer), printf('%015x', p.uid) FROM unknown_row u JOIN "
     "producer_row p USING (producer)"},
    {"workflow_record",
     "SELECT r.* EXCLUDE (producer), printf('%015x', p.uid) FROM "
     "workflow_record r JOIN producer_row p USING (producer)"},
    {"object_record",
     "SELECT r.* EXCLUDE (producer), printf('%015x', p.uid) FROM object_record r "
     "JOIN producer_row p USING (producer)"},
    {"campaign_record",
     "SELECT r.* EXCLUDE (producer), printf('%015x', p.uid) FROM "
     "campaign_record r JOIN producer_row p USING (producer)"},
    {"value_row",
     "SELECT v.* EXCLUDE (producer), printf('%015x', p.uid) FROM value_row v JOIN "
     "producer_row p USING (producer)"},
    {"object_row", "FROM object_row"},
    {"campaign_row", "FROM campaign_row"},
    // A task's row with what its schema means; the values themselves stand in the view above.
    {"task_slots",
     "SELECT printf('%015x', p.uid), t.seq, w.workflow, a.facts, t.ts, t.dur, "
     "t.status, t.attempt, printf('%015x', q.uid), t.parent_seq, f.fields FROM "
     "task_slots t JOIN producer_row p ON p.producer = t.producer LEFT JOIN "
     "workflow_row w ON w.wf = t.wf LEFT JOIN activity_row a ON a.activity = "
     "t.activity LEFT JOIN producer_row q ON q.producer = t.parent_producer LEFT JOIN "
     "(SELECT schema, list((role, key, type) ORDER BY role, key, type) AS fields FROM "
     "field GROUP BY schema) f ON f.schema = t.schema"},
};

}  // namespace headrace::collect
