#include "store/view_columns.h"

namespace headrace::store {
namespace {

constexpr const char* kState = "running, ended (it said so) or lost (it is gone without a word)";
constexpr const char* kHost = "Name of the host";
constexpr const char* kPid = "Process id there";
constexpr const char* kUid =
    "The process generation that wrote the records, in hex, as in file names";

constexpr ViewColumn kCampaign[] = {
    {"campaign_id", "UUID", "", "Id, derived from the name", "prov:id"},
    {"name", "VARCHAR", "", "Name, as given by HEADRACE_CAMPAIGN or the program", "prov:label"},
    {"started_at", "TIMESTAMP_NS", "UTC", "When its first workflow began", "prov:startTime"},
    {"ended_at", "TIMESTAMP_NS", "UTC", "When its last workflow ended; NULL while one runs",
     "prov:endTime"},
    {"workflows", "BIGINT", "1", "How many workflows it has", ""},
    {"tasks", "BIGINT", "1", "How many tasks they have, open ones included", ""},
    {"tags", "JSON", "", "Tags of the program and those added later", ""},
    {"note", "VARCHAR", "", "The last note that a person wrote", ""},
};

constexpr ViewColumn kWorkflow[] = {
    {"workflow_id", "UUID", "", "Id", "prov:id"},
    {"campaign_id", "UUID", "", "The campaign it belongs to", "prov:wasInfluencedBy"},
    {"campaign", "VARCHAR", "", "That campaign's name", ""},
    {"parent_workflow_id", "UUID", "", "The workflow that started it", "prov:wasStartedBy"},
    {"name", "VARCHAR", "", "Name, by default the program's", "prov:label"},
    {"status", "VARCHAR", "", "pending, running, finished, failed, cancelled or lost", ""},
    {"started_at", "TIMESTAMP_NS", "UTC", "When it began", "prov:startTime"},
    {"ended_at", "TIMESTAMP_NS", "UTC", "When it ended; NULL while it runs", "prov:endTime"},
    {"duration_s", "DOUBLE", "s", "Time between the two", ""},
    {"used", "JSON", "", "What went in as a whole: arguments, parameters", "prov:used"},
    {"generated", "JSON", "", "What came out as a whole", "prov:generated"},
    {"hostname", "VARCHAR", "", kHost, "prov:atLocation"},
    {"pid", "BIGINT", "", kPid, ""},
    {"command", "VARCHAR", "", "The command line", "prov:hadPlan"},
    {"exit_code", "INTEGER", "", "Of a program under `headrace run`", ""},
    {"tags", "JSON", "", "Tags of the program and those added later", ""},
    {"note", "VARCHAR", "", "The last note that a person wrote", ""},
    {"error", "JSON", "", "Type, message and place of what ended it", ""},
    {"attributes", "JSON", "", "What else is known: code version, environment", "prov:hadPlan"},
};

constexpr ViewColumn kTask[] = {
    {"task_id", "UUID", "", "Id, made of its process's and a number", "prov:id"},
    {"workflow_id", "UUID", "", "The workflow it is part of", "prov:wasInfluencedBy"},
    {"campaign", "VARCHAR", "", "Name of that workflow's campaign", ""},
    {"activity", "VARCHAR", "", "What was run: the name of the function or step", "prov:type"},
    {"parent_task_id", "UUID", "", "The task within which it ran", "prov:wasStartedBy"},
    {"status", "VARCHAR", "", "pending, running, finished, failed, cancelled or lost", ""},
    {"started_at", "TIMESTAMP_NS", "UTC", "When it began", "prov:startTime"},
    {"ended_at", "TIMESTAMP_NS", "UTC", "When it ended; NULL while it runs", "prov:endTime"},
    {"duration_s", "DOUBLE", "s", "Time between the two, on the monotonic clock", ""},
    {"used", "JSON", "", "Values that went in. `used.lr` is typed in Headrace's own queries",
     "prov:used"},
    {"generated", "JSON", "", "Values that came out. `generated.loss` likewise", "prov:generated"},
    {"hostname", "VARCHAR", "", kHost, "prov:atLocation"},
    {"pid", "BIGINT", "", kPid, ""},
    {"thread", "BIGINT", "", "Thread id there", ""},
    {"rank", "BIGINT", "1", "MPI rank; NULL outside MPI", ""},
    {"device", "VARCHAR", "", "The accelerator it ran on, where told", "prov:atLocation"},
    {"attempt", "UTINYINT", "1", "Which try of the same work this is", ""},
    {"tags", "JSON", "", "Tags; NULL for none", ""},
    {"error", "JSON", "", "Type, message and place of the exception; NULL for none", ""},
    {"attributes", "JSON", "", "What else is known", ""},
};

constexpr ViewColumn kObject[] = {
    {"object_id", "UUID", "", "Id", "prov:id"},
    {"kind", "VARCHAR", "", "file, dataset, model, checkpoint, ...", "prov:type"},
    {"name", "VARCHAR", "", "Name", "prov:label"},
    {"path", "VARCHAR", "", "Where it stands, for files", "prov:atLocation"},
    {"version", "BIGINT", "1", "Counts the distinct contents at one path or name, oldest first",
     "prov:wasRevisionOf"},
    {"size_bytes", "BIGINT", "B", "Size", ""},
    {"sha256", "VARCHAR", "", "Hash of the content, where taken", "prov:value"},
    {"created_at", "TIMESTAMP_NS", "UTC", "When it was first seen", "prov:generatedAtTime"},
    {"attributes", "JSON", "", "What else is known", ""},
};

constexpr ViewColumn kModel[] = {
    {"model_id", "UUID", "", "Id, of the object", "prov:id"},
    {"name", "VARCHAR", "", "Name, by default its class's", "prov:label"},
    {"version", "BIGINT", "1", "Counts the distinct contents of one name or path, oldest first",
     "prov:wasRevisionOf"},
    {"path", "VARCHAR", "", "Where it stands, for files", "prov:atLocation"},
    {"class", "VARCHAR", "", "Its class, with the Python module", "prov:type"},
    {"layers", "BIGINT", "1", "How many modules it has, itself included", ""},
    {"parameters", "BIGINT", "1", "How many numbers its parameters hold", ""},
    {"trainable", "BIGINT", "1", "How many of these a gradient is wanted for", ""},
    {"size_bytes", "BIGINT", "B", "Size of parameters and buffers, or of the file", ""},
    {"dtypes", "VARCHAR", "", "Types of its parameters", ""},
    {"devices", "VARCHAR", "", "Where they stand", "prov:atLocation"},
    {"sha256", "VARCHAR", "", "Hash of its state, or of the file; NULL where not taken",
     "prov:value"},
    {"architecture", "VARCHAR", "", "Hash of its modules, their types and shapes", ""},
    {"created_at", "TIMESTAMP_NS", "UTC", "When this version was first seen",
     "prov:generatedAtTime"},
};

constexpr ViewColumn kLayer[] = {
    {"workflow_id", "UUID", "", "The workflow that had the model", "prov:wasInfluencedBy"},
    {"model_id", "UUID", "", "The model's first version there", "prov:wasDerivedFrom"},
    {"model", "VARCHAR", "", "The model", ""},
    {"position", "BIGINT", "1", "In the order of the model's modules, from 0", ""},
    {"layer", "VARCHAR", "", "Dotted path in the model; empty for the model itself", "prov:label"},
    {"type", "VARCHAR", "", "The class of the module", "prov:type"},
    {"parameters", "BIGINT", "1", "How many numbers its parameters hold, those within it included",
     ""},
    {"trainable", "BIGINT", "1", "How many of these a gradient is wanted for", ""},
    {"shapes", "JSON", "", "Of its own parameters and buffers, by name", ""},
    {"dtype", "VARCHAR", "", "Type of its own parameters; NULL without any", ""},
    {"device", "VARCHAR", "", "Where they stand", "prov:atLocation"},
    {"forward_calls", "BIGINT", "1", "How often it was called; NULL where it was not watched", ""},
    {"forward_s", "DOUBLE", "s", "How long it ran itself, layers within it not included", ""},
    {"backward_calls", "BIGINT", "1", "How often gradients went through it", ""},
    {"backward_s", "DOUBLE", "s", "How long that took itself", ""},
};

constexpr ViewColumn kEdge[] = {
    {"relation", "VARCHAR", "", "used, generated or parent", "prov:Influence"},
    {"from_kind", "VARCHAR", "", "object, task or workflow", ""},
    {"from_id", "UUID", "", "Where data or control comes from", "prov:influencer"},
    {"to_kind", "VARCHAR", "", "object, task or workflow", ""},
    {"to_id", "UUID", "", "Where it goes", "prov:influenced"},
    {"name", "VARCHAR", "", "Under which key, where told", "prov:role"},
    {"exact", "BOOLEAN", "", "False for an edge that was inferred", ""},
};

constexpr ViewColumn kLog[] = {
    {"workflow_id", "UUID", "", "Whose line it is", "prov:wasAttributedTo"},
    {"task_id", "UUID", "", "The task within which it was written; NULL outside any", ""},
    {"time", "TIMESTAMP_NS", "UTC", "When", "prov:atTime"},
    {"stream", "VARCHAR", "", "metric, stdout or stderr", ""},
    {"text", "VARCHAR", "", "The text, for stdout and stderr", "prov:value"},
    {"metrics", "JSON", "", "The values, for metric", "prov:value"},
};

constexpr ViewColumn kSensor[] = {
    {"sensor_id", "UINTEGER", "", "Number within this store", "prov:id"},
    {"name", "VARCHAR", "", "Name", "prov:label"},
    {"quantity", "VARCHAR", "", "What is measured: energy, power, memory, ...", ""},
    {"unit", "VARCHAR", "", "Unit of sample.value", ""},
    {"kind", "VARCHAR", "", "counter (grows) or gauge", ""},
    {"domain", "VARCHAR", "", "Which part of the machine, as a path", ""},
    {"source", "VARCHAR", "", "Where it is read: file or library call", "prov:atLocation"},
    {"truth", "VARCHAR", "", "measured, mixed or estimated", ""},
    {"method", "VARCHAR", "", "How an estimate is made", "prov:hadPlan"},
    {"assumption", "VARCHAR", "", "What an estimate takes for granted", ""},
    {"hostname", "VARCHAR", "", kHost, "prov:atLocation"},
    {"pid", "BIGINT", "", "The process that read it", ""},
    {"device", "VARCHAR", "", "Which device", ""},
};

constexpr ViewColumn kSample[] = {
    {"sensor_id", "UINTEGER", "", "The sensor", "prov:wasGeneratedBy"},
    {"sensor", "VARCHAR", "", "Its name", ""},
    {"time", "TIMESTAMP_NS", "UTC", "When it was read", "prov:generatedAtTime"},
    {"value", "DOUBLE", "sensor.unit", "The reading, wraps undone; NULL when it failed",
     "prov:value"},
    {"hostname", "VARCHAR", "", kHost, "prov:atLocation"},
    {"pid", "BIGINT", "", "The process that read it", ""},
};

constexpr ViewColumn kTaskEnergy[] = {
    {"task_id", "UUID", "", "The task, its children included", "prov:wasAttributedTo"},
    {"workflow_id", "UUID", "", "Its workflow", ""},
    {"activity", "VARCHAR", "", "Its activity", ""},
    {"domain", "VARCHAR", "", "Which part of the machine", ""},
    {"window_j", "DOUBLE", "J", "All that the domain counted while the task was open", ""},
    {"attributed_j", "DOUBLE", "J", "The task's part; NULL where it cannot be told", "prov:value"},
    {"idle_j", "DOUBLE", "J", "What the domain idled away meanwhile; not in attributed_j", ""},
    {"u95_j", "DOUBLE", "J", "Half width of the 95 % interval of attributed_j", ""},
    {"coverage", "DOUBLE", "1", "Share of the task's time in which the sensor was read", ""},
    {"method", "VARCHAR", "", "How it was divided", "prov:hadPlan"},
    {"truth", "VARCHAR", "", "measured, mixed or estimated", ""},
    {"assumption", "VARCHAR", "", "What was taken for granted", ""},
    {"self_j", "DOUBLE", "J", "Of attributed_j, what the task did itself, without its children",
     ""},
    {"share_j", "DOUBLE", "J",
     "The task's part in the books: for sums, which are exact; of one task no more than "
     "attributed_j says",
     ""},
    {"split_u95_j", "DOUBLE", "J", "Of u95_j, what comes from dividing among tasks", ""},
    {"sensor_u95_j", "DOUBLE", "J", "Of u95_j, what comes from the sensor itself", ""},
    {"resolution", "VARCHAR", "",
     "resolved; grouped: only the activity's figure is known; unresolved: not even that", ""},
    {"reason", "VARCHAR", "", "Why attributed_j is NULL or coverage is below 1", ""},
};

constexpr ViewColumn kActivityEnergy[] = {
    {"hostname", "VARCHAR", "", kHost, "prov:atLocation"},
    {"pid", "BIGINT", "", "The process that ran the tasks", ""},
    {"domain", "VARCHAR", "", "Which part of the machine", ""},
    {"activity", "VARCHAR", "", "The kind of work", ""},
    {"resolution", "VARCHAR", "",
     "resolved; grouped: known only together with others; unresolved: not known", ""},
    {"group", "VARCHAR", "", "The activities that cannot be told from each other, itself included",
     ""},
    {"tasks", "BIGINT", "1", "How many ran", ""},
    {"time_s", "DOUBLE", "s", "For how long they ran themselves", ""},
    {"attributed_j", "DOUBLE", "J", "What they used; NULL unless resolved", "prov:value"},
    {"share_j", "DOUBLE", "J", "Their part in the books, for sums", ""},
    {"group_j", "DOUBLE", "J", "What all tasks of the group used", ""},
    {"group_u95_j", "DOUBLE", "J",
     "Half width of the 95 % interval of group_j, from dividing; the sensor's own error is not in "
     "it",
     ""},
    {"power_w", "DOUBLE", "W", "What one task of it draws, running alone, idle power included", ""},
    {"windows", "BIGINT", "1", "Of the sensor, in which they ran", ""},
};

constexpr ViewColumn kLayerExposure[] = {
    {"workflow_id", "UUID", "", "The workflow", ""},
    {"task_id", "UUID", "", "The task that ran the layers; NULL when none did", ""},
    {"started_at", "TIMESTAMP_NS", "UTC", "From when this was summed up", "prov:startTime"},
    {"ended_at", "TIMESTAMP_NS", "UTC", "Until when", "prov:endTime"},
    {"model", "VARCHAR", "", "The model", ""},
    {"layer", "VARCHAR", "", "The layer, by its dotted path in the model", "prov:type"},
    {"phase", "VARCHAR", "", "forward, backward or step (of the optimizer)", ""},
    {"time_s", "DOUBLE", "s", "How long it ran itself, layers within it not included", ""},
    {"calls", "BIGINT", "1", "How often it was called", ""},
    {"repeated", "BOOLEAN", "", "It was repeated by itself, to measure it", ""},
};

constexpr ViewColumn kLayerEnergy[] = {
    {"workflow_id", "UUID", "", "The workflow", ""},
    {"activity", "VARCHAR", "", "Activity of the tasks that ran the layer", ""},
    {"model", "VARCHAR", "", "The model", ""},
    {"layer", "VARCHAR", "",
     "The layer, by its dotted path; NULL: the time of those tasks outside all layers", ""},
    {"phase", "VARCHAR", "",
     "forward, backward or step (of the optimizer); without a layer, repeat: repeating layers to "
     "measure them",
     ""},
    {"domain", "VARCHAR", "", "Which part of the machine", ""},
    {"calls", "BIGINT", "1", "How often it was called", ""},
    {"time_s", "DOUBLE", "s", "How long it ran itself while the domain was counted", ""},
    {"share_j", "DOUBLE", "J",
     "Its part in the books, for sums: all rows of an activity add up to what its tasks used "
     "themselves",
     ""},
    {"attributed_j", "DOUBLE", "J", "What it used; NULL unless resolved", "prov:value"},
    {"group_j", "DOUBLE", "J", "What all of its group used", ""},
    {"u95_j", "DOUBLE", "J",
     "Half width of the 95 % interval of attributed_j, or where that is NULL of group_j", ""},
    {"split_u95_j", "DOUBLE", "J", "Of it, what comes from dividing", ""},
    {"power_w", "DOUBLE", "W", "What it draws while it runs, idle power included", ""},
    {"resolution", "VARCHAR", "",
     "resolved; grouped: known only together with others; unresolved: not known", ""},
    {"group", "VARCHAR", "", "The layers that cannot be told from each other, itself included", ""},
    {"windows", "BIGINT", "1", "Of the sensor, in which it ran", ""},
    {"method", "VARCHAR", "", "How it was divided", "prov:hadPlan"},
    {"truth", "VARCHAR", "", "measured, mixed or estimated", ""},
    {"reason", "VARCHAR", "", "Why attributed_j is NULL or coverage is below 1", ""},
    {"coverage", "DOUBLE", "1", "Share of its time in which the sensor was read", ""},
    {"hostname", "VARCHAR", "", kHost, "prov:atLocation"},
    {"pid", "BIGINT", "", "The process that ran it", ""},
};

constexpr ViewColumn kEnergyBalance[] = {
    {"hostname", "VARCHAR", "", kHost, "prov:atLocation"},
    {"pid", "BIGINT", "", "The process that read the sensor", ""},
    {"domain", "VARCHAR", "", "Which part of the machine", ""},
    {"truth", "VARCHAR", "", "measured, mixed or estimated", ""},
    {"measured_j", "DOUBLE", "J", "All that was counted: the sum of the next three", "prov:value"},
    {"attributed_j", "DOUBLE", "J", "Given to tasks", ""},
    {"idle_j", "DOUBLE", "J", "Idled away", ""},
    {"unattributed_j", "DOUBLE", "J", "Used by something that is no task", ""},
};

constexpr ViewColumn kEnergyDomain[] = {
    {"hostname", "VARCHAR", "", kHost, "prov:atLocation"},
    {"pid", "BIGINT", "", "The process that read the sensor", ""},
    {"domain", "VARCHAR", "", "Which part of the machine", ""},
    {"parent", "VARCHAR", "", "The nearest counted domain that holds it", ""},
    {"role", "VARCHAR", "",
     "divided: what tasks are given; whole: holds those; part: of one; check: only to compare", ""},
    {"truth", "VARCHAR", "", "measured or mixed", ""},
    {"started_at", "TIMESTAMP_NS", "UTC", "From when it was counted", "prov:startedAtTime"},
    {"ended_at", "TIMESTAMP_NS", "UTC", "Until when", "prov:endedAtTime"},
    {"measured_j", "DOUBLE", "J",
     "All that was counted: where it has children, the sum of the next three", "prov:value"},
    {"children_j", "DOUBLE", "J", "What its children counted; NULL without any", ""},
    {"other_j", "DOUBLE", "J", "What they leave of it", ""},
    {"uncompared_j", "DOUBLE", "J", "What it counted while it or a child of it was not known", ""},
    {"tolerance_j", "DOUBLE", "J", "How far below 0 other_j may be", ""},
    {"inconsistent", "BOOLEAN", "", "Its children counted more than it did, by more than that", ""},
    {"coverage", "DOUBLE", "1", "Share of its time in which it was known", ""},
    {"reason", "VARCHAR", "", "Why coverage is below 1", ""},
};

constexpr ViewColumn kProducer[] = {
    {"producer", "VARCHAR", "", kUid, "prov:id"},
    {"hostname", "VARCHAR", "", kHost, "prov:atLocation"},
    {"pid", "BIGINT", "", kPid, ""},
    {"rank", "BIGINT", "1", "MPI rank; NULL outside MPI", ""},
    {"state", "VARCHAR", "", kState, ""},
    {"facts", "JSON", "", "What it told about itself: command, versions, environment", ""},
};

constexpr ViewColumn kAccounting[] = {
    {"producer", "VARCHAR", "", kUid, "prov:id"},
    {"hostname", "VARCHAR", "", kHost, "prov:atLocation"},
    {"pid", "BIGINT", "", kPid, ""},
    {"state", "VARCHAR", "", kState, ""},
    {"accepted", "BIGINT", "1",
     "Records it took: the sum of stored, quarantined, dropped, "
     "missing and spooled",
     ""},
    {"stored", "BIGINT", "1", "Records that have a row here", ""},
    {"newer", "BIGINT", "1", "Of these, kept as bytes for a newer version", ""},
    {"quarantined", "BIGINT", "1", "Records set aside with their bytes", ""},
    {"dropped", "BIGINT", "1", "Records told as lost by the process itself", ""},
    {"missing", "BIGINT", "1", "Records that nothing explains", ""},
    {"spooled", "BIGINT", "1", "Records on the way: in a ring or a segment", ""},
    {"dropped_by", "VARCHAR", "", "How many were dropped for which reason", ""},
};

constexpr ViewColumn kGap[] = {
    {"producer", "VARCHAR", "", kUid, ""},
    {"hostname", "VARCHAR", "", kHost, "prov:atLocation"},
    {"pid", "BIGINT", "", kPid, ""},
    {"ring", "UINTEGER", "", "Ring (thread) of the process; NULL where not known", ""},
    {"first_number", "UBIGINT", "", "First record number that is lost; NULL where not known", ""},
    {"count", "UBIGINT", "1", "How many records", ""},
    {"reason", "VARCHAR", "", "Why", ""},
    {"time", "TIMESTAMP_NS", "UTC", "When; NULL where the collector found it", "prov:atTime"},
};

constexpr ViewColumn kQuarantine[] = {
    {"producer", "VARCHAR", "", kUid, ""},
    {"hostname", "VARCHAR", "", kHost, "prov:atLocation"},
    {"file", "VARCHAR", "", "The segment", ""},
    {"offset", "UBIGINT", "B", "Where in it", ""},
    {"length_bytes", "UBIGINT", "B", "How much", ""},
    {"reason", "VARCHAR", "", "Why it was set aside", ""},
    {"time", "TIMESTAMP_NS", "UTC", "When it was", "prov:atTime"},
    {"kept_as", "VARCHAR", "", "File with the bytes, in the folder quarantine", ""},
    {"ring", "UINTEGER", "", "Ring of a single record", ""},
    {"number", "UBIGINT", "", "Number of a single record", ""},
    {"records", "UBIGINT", "1", "How many records are known to be in it", ""},
};

constexpr ViewColumn kAmended[] = {
    {"id", "UUID", "", "Campaign, workflow or task", "prov:id"},
    {"tags", "JSON", "", "Tags added with `headrace tag`", ""},
    {"note", "VARCHAR", "", "The last note of `headrace note`", ""},
};

constexpr ViewColumn kStoredRows[] = {
    {"producer", "VARCHAR", "", kUid, ""},
    {"hostname", "VARCHAR", "", kHost, "prov:atLocation"},
    {"pid", "BIGINT", "", kPid, ""},
    {"stored", "BIGINT", "1", "Records marked as stored", ""},
    {"row_count", "BIGINT", "1", "Rows that are there; the two must be equal", ""},
};

constexpr ViewWords kViews[] = {
    {"campaign", "A named series of workflows", "prov:Bundle", kCampaign},
    {"workflow", "One run of a program, with all that it started", "prov:Activity", kWorkflow},
    {"task", "One run of an activity", "prov:Activity", kTask},
    {"object", "An identified artefact in one version", "prov:Entity", kObject},
    {"model", "A model in one version", "prov:Entity", kModel},
    {"layer", "A module of a model, by its path, and how often it ran", "prov:Entity", kLayer},
    {"edge", "One step of lineage, in the direction in which data flows", "prov:Influence", kEdge},
    {"log", "A logged line or a set of metrics", "prov:Entity", kLog},
    {"task_energy", "The energy of a task in one domain", "prov:Entity", kTaskEnergy},
    {"activity_energy", "The energy of an activity in one process and domain", "prov:Entity",
     kActivityEnergy},
    {"layer_exposure", "How long a model's layers ran", "prov:Entity", kLayerExposure},
    {"layer_energy", "The energy of a model's layers, by phase and domain", "prov:Entity",
     kLayerEnergy},
    {"energy_balance", "What became of the energy that one source counted", "prov:Entity",
     kEnergyBalance},
    {"energy_domain", "What one counter counted, and what its parts leave of it", "prov:Entity",
     kEnergyDomain},
    {"sensor", "A counter or gauge of hardware or operating system", "prov:Agent", kSensor},
    {"sample", "One reading of a sensor", "prov:Entity", kSample},
    {"producer", "A process that wrote records", "prov:SoftwareAgent", kProducer},
    {"accounting", "What became of the records of a process", "", kAccounting},
    {"gap", "Records that were lost, and why", "", kGap},
    {"quarantine", "Damaged bytes or a record that made no sense, kept aside", "", kQuarantine},
    {"amended", "What a person added to a thing later", "prov:Entity", kAmended},
    {"stored_rows", "Check of a process's watermarks against its rows", "", kStoredRows},
};

}  // namespace

std::span<const ViewWords> view_words() { return kViews; }

}  // namespace headrace::store
