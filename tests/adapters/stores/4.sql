BEGIN TRANSACTION;
CREATE TABLE api_tokens (
	name TEXT NOT NULL, 
	role TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	created FLOAT NOT NULL, 
	expires FLOAT, 
	revoked FLOAT, 
	PRIMARY KEY (name), 
	UNIQUE (digest)
);
CREATE TABLE application_versions (
    version_id TEXT NOT NULL PRIMARY KEY,
    version_name TEXT NOT NULL UNIQUE,
    version_timestamp INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
    created_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000)
, "application_name" TEXT DEFAULT NULL);
INSERT INTO "application_versions" VALUES('73f35fba-3028-4b5b-b187-5660fcbc7ef1','gctrust-1',1795301338000,1795301338000,'gctrust');
CREATE TABLE circuits (
	host TEXT NOT NULL, 
	state TEXT NOT NULL, 
	PRIMARY KEY (host)
);
CREATE TABLE dbos_migrations (version INTEGER NOT NULL PRIMARY KEY);
INSERT INTO "dbos_migrations" VALUES(125);
CREATE TABLE deliveries (
	id INTEGER NOT NULL, 
	outbox TEXT NOT NULL, 
	try INTEGER NOT NULL, 
	at FLOAT NOT NULL, 
	status INTEGER, 
	error TEXT NOT NULL, 
	seconds FLOAT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(outbox) REFERENCES outbox (id)
);
CREATE TABLE forks (
	run TEXT NOT NULL, 
	workflow TEXT NOT NULL, 
	source TEXT NOT NULL, 
	step INTEGER NOT NULL, 
	PRIMARY KEY (run), 
	FOREIGN KEY(run) REFERENCES runs (id), 
	UNIQUE (workflow)
);
CREATE TABLE gctrust_meta (
	name TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "gctrust_meta" VALUES('schema','4');
INSERT INTO "gctrust_meta" VALUES('store_kind','sandbox');
INSERT INTO "gctrust_meta" VALUES('shape','api_tokens circuits deliveries forks gctrust_meta idempotency_keys ix_deliveries_outbox ix_idempotency_keys_at ix_ledger_entity ix_parked_due ix_schedule_turns_run ix_signals_run leases ledger ledger_checkpoint ledger_nodes outbox parked past_segments platform_audits platform_audits_at platform_audits_read request_budgets run_changes runs runs_by_journey runs_by_status runs_counted runs_newest runs_open runs_turn samples samples_of schedule_turns schedules schedules_due sealed_keys segments signals steps webhook_attempts webhook_attempts_of webhook_deliveries webhook_deliveries_due webhook_deliveries_entry webhook_deliveries_order webhook_endpoints webhook_health');
INSERT INTO "gctrust_meta" VALUES('store_id','e32ff26101914fbc');
CREATE TABLE idempotency_keys (
	"key" TEXT NOT NULL, 
	body TEXT NOT NULL, 
	run TEXT NOT NULL, 
	at FLOAT NOT NULL, 
	PRIMARY KEY ("key")
);
CREATE TABLE leases (
	name TEXT NOT NULL, 
	epoch INTEGER NOT NULL, 
	holder TEXT NOT NULL, 
	host TEXT NOT NULL, 
	pid INTEGER NOT NULL, 
	beat FLOAT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "leases" VALUES('executor',1,'','host',32625,0.0);
CREATE TABLE ledger (
	seq INTEGER NOT NULL, 
	run TEXT NOT NULL, 
	slot TEXT NOT NULL, 
	entity TEXT NOT NULL, 
	action TEXT NOT NULL, 
	entry TEXT NOT NULL, 
	leaf BLOB NOT NULL, 
	PRIMARY KEY (seq), 
	UNIQUE (run, slot)
);
INSERT INTO "ledger" VALUES(0,'fill','0:noted:n0.example','n0.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n0.example","run":"fill","seq":0,"slot":"0:noted:n0.example","step":0,"time":"2027-01-15T08:00:00.000Z"}',X'FCDC269B1DDFF1F32432356F2D922EFE50AA7BF7FE0F30F91900F8C45A18E5F0');
INSERT INTO "ledger" VALUES(1,'tiny:a@1','2.1:intent','0','append-line.intended','{"action":"append-line.intended","actor":"tester","data":{"try":1},"entity":"0","run":"tiny:a@1","seq":1,"slot":"2.1:intent","step":2,"time":"2027-01-15T08:00:00.000Z"}',X'DBFF7B196AB905B29DA0F97926468FE7DE91C3BAA30220276D8CEE1E368EF3FC');
INSERT INTO "ledger" VALUES(2,'tiny:a@1','2.1:outcome','0','append-line.done','{"action":"append-line.done","actor":"tester","data":{"kind":"done"},"entity":"0","run":"tiny:a@1","seq":2,"slot":"2.1:outcome","step":2,"time":"2027-01-15T08:00:00.000Z"}',X'980D52828D8F89ADBF4F7A968CC5966F2E6CF532E3E5A0BF2B09693FD22C2922');
INSERT INTO "ledger" VALUES(3,'tiny:a@1','5.1:record','a','tiny.done','{"action":"tiny.done","actor":"tester","data":{"lines":1},"entity":"a","run":"tiny:a@1","seq":3,"slot":"5.1:record","step":5,"time":"2027-01-15T08:00:02.000Z"}',X'6F6C1BEB42C2D9D1BB0A9EE6FC1131FE5AB7D71CBCB6D4CF61C4D5EE5D673254');
INSERT INTO "ledger" VALUES(4,'tiny:a@2','2.1:intent','0','append-line.intended','{"action":"append-line.intended","actor":"tester","data":{"try":1},"entity":"0","run":"tiny:a@2","seq":4,"slot":"2.1:intent","step":2,"time":"2027-01-15T08:00:02.000Z"}',X'C7C26B0BB67BDA7F5CE4038DDA5F8744B781299D2451628C8188E57F4CDF514D');
INSERT INTO "ledger" VALUES(5,'tiny:a@2','2.1:outcome','0','append-line.done','{"action":"append-line.done","actor":"tester","data":{"kind":"done"},"entity":"0","run":"tiny:a@2","seq":5,"slot":"2.1:outcome","step":2,"time":"2027-01-15T08:00:02.000Z"}',X'92D91B0E982E3BB7663A7E6402EA9038BF1F3583C4F33C10135B95CF2949DEBA');
CREATE TABLE ledger_checkpoint (
	id INTEGER NOT NULL, 
	note TEXT NOT NULL, 
	frontier BLOB NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "ledger_checkpoint" VALUES(1,'gctrust/ledger/e32ff26101914fbc
6
Ln8zHg8kGHOcfAiUFRJARRqLHATEY+JVhoOT425cvF0=

— gctrust/ledger/e32ff26101914fbc HoglUzJJ7H27OcIRuQfvS04EJgGkCvywUI3V25ztK6cKyhvxHKWoawm3EQBbPMxk35egcLJXwrfb/3CTtP5j0+NV8wU=
',X'29A394BCBE8FA90F64729F36C824AFDBF7BCB142E06945DD203907A5574937123561B29D0F9CB6AFADDC99A272F2167487F9201E209C3800F97D6008B82187BD');
CREATE TABLE ledger_nodes (
	level INTEGER NOT NULL, 
	"index" INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (level, "index")
);
CREATE TABLE notifications (
    message_uuid TEXT NOT NULL DEFAULT (hex(randomblob(16))) PRIMARY KEY,
    destination_uuid TEXT NOT NULL,
    topic TEXT,
    message TEXT NOT NULL,
    created_at_epoch_ms INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000), "serialization" TEXT DEFAULT NULL, "consumed" BOOLEAN NOT NULL DEFAULT FALSE, consumed_by_function_id INTEGER,
    FOREIGN KEY (destination_uuid) REFERENCES workflow_status(workflow_uuid) 
        ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE TABLE "operation_outputs" (
    workflow_uuid TEXT NOT NULL,
    function_id INTEGER NOT NULL,
    function_name TEXT NOT NULL DEFAULT '',
    output TEXT,
    error TEXT,
    child_workflow_id TEXT,
    started_at_epoch_ms INTEGER,
    completed_at_epoch_ms INTEGER,
    serialization TEXT,
    application_name TEXT DEFAULT NULL,
    retention_timestamp INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
    PRIMARY KEY (workflow_uuid, function_id)
);
INSERT INTO "operation_outputs" VALUES('tiny:a@1',1,'1 Stage append','{"kind": "done", "outcome": {"~": "Done"}, "digest": "38359747647682fda0818f3d01b110e8eda61d72bd7640bbba7a793fa4c5c13c", "line": [1, 1800000000.0, 1800000000.0, 6.997200398473069e-05]}',NULL,NULL,1795301338114,1795301338118,'gctrust_json','gctrust',1795301338000);
INSERT INTO "operation_outputs" VALUES('tiny:a@1',2,'2 AppendLine 0','{"kind": "done", "outcome": {"~": "Line", "number": 0, "adopted": false}, "digest": "dd2294e587e02c9b1453c15cd397660d207132615de68f5c4141514e74055f74", "line": [1, 1800000000.0, 1800000000.0, 0.005007391999242827]}',NULL,NULL,1795301338121,1795301338128,'gctrust_json','gctrust',1795301338000);
INSERT INTO "operation_outputs" VALUES('tiny:a@1',3,'3 Now','{"kind": "done", "outcome": {"~": "Instant", "at": 1800000000.0, "deadline": 1800003600.0, "resumed": 0}, "digest": "4482b97ca3421d30f04a98fd298f0120160e07ab8f5526667608e13b200e41d5", "line": [1, 1800000000.0, 1800000000.0, 3.0822004191577435e-05]}',NULL,NULL,1795301338130,1795301338132,'gctrust_json','gctrust',1795301338000);
INSERT INTO "operation_outputs" VALUES('tiny:a@1',4,'4 Wait','{"kind": "done", "outcome": {"~": "Woken", "at": 1800000002.0, "signal": null}, "digest": "824256334b38c08915a52c24460de35b49dff7120214d8e36235e8d08650082e", "line": [1, 1800000000.0, 1800000002.0, 0.0014031979953870177]}',NULL,NULL,1795301338594,1795301338599,'gctrust_json','gctrust',1795301338000);
INSERT INTO "operation_outputs" VALUES('tiny:a@1',5,'5 Record tiny.done a','{"kind": "done", "outcome": {"~": "Recorded", "entry": 3}, "digest": "39afb885e1ebecd4b811dc67a7521f3cdfb02cea302d749ffd96d9c1a4fbccc4", "line": [1, 1800000002.0, 1800000002.0, 0.0030260419953265227]}',NULL,NULL,1795301338601,1795301338605,'gctrust_json','gctrust',1795301338000);
INSERT INTO "operation_outputs" VALUES('tiny:a@2',1,'1 Stage append','{"kind": "done", "outcome": {"~": "Done"}, "digest": "38359747647682fda0818f3d01b110e8eda61d72bd7640bbba7a793fa4c5c13c", "line": [1, 1800000002.0, 1800000002.0, 4.6440000005532056e-05]}',NULL,NULL,1795301338684,1795301338685,'gctrust_json','gctrust',1795301338000);
INSERT INTO "operation_outputs" VALUES('tiny:a@2',2,'2 AppendLine 0','{"kind": "done", "outcome": {"~": "Line", "number": 0, "adopted": true}, "digest": "dd2294e587e02c9b1453c15cd397660d207132615de68f5c4141514e74055f74", "line": [1, 1800000002.0, 1800000002.0, 0.002981365003506653]}',NULL,NULL,1795301338687,1795301338691,'gctrust_json','gctrust',1795301338000);
INSERT INTO "operation_outputs" VALUES('tiny:a@2',3,'3 Now','{"kind": "done", "outcome": {"~": "Instant", "at": 1800000002.0, "deadline": 1800003602.0, "resumed": 0}, "digest": "4482b97ca3421d30f04a98fd298f0120160e07ab8f5526667608e13b200e41d5", "line": [1, 1800000002.0, 1800000002.0, 3.101900074398145e-05]}',NULL,NULL,1795301338692,1795301338693,'gctrust_json','gctrust',1795301338000);
CREATE TABLE outbox (
	id TEXT NOT NULL, 
	run TEXT NOT NULL, 
	step INTEGER NOT NULL, 
	event TEXT NOT NULL, 
	entity TEXT NOT NULL, 
	body TEXT NOT NULL, 
	entry INTEGER NOT NULL, 
	created FLOAT NOT NULL, 
	status TEXT NOT NULL, 
	tries INTEGER NOT NULL, 
	next_at FLOAT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (entry), 
	FOREIGN KEY(entry) REFERENCES ledger (seq)
);
INSERT INTO "outbox" VALUES('msg_b88ac56a50022f66df9b2455','tiny:a@1',5,'tiny.done','a','{"data":{"x":"a"},"datacontenttype":"application/json","id":"msg_b88ac56a50022f66df9b2455","source":"gctrust","specversion":"1.0","subject":"a","time":"2027-01-15T08:00:02.000Z","type":"tiny.done"}',3,1800000002.0,'pending',0,1800000002.0);
CREATE TABLE parked (
	run TEXT NOT NULL, 
	due FLOAT NOT NULL, 
	PRIMARY KEY (run), 
	FOREIGN KEY(run) REFERENCES runs (id)
);
CREATE TABLE past_segments (
	run TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	workflow TEXT NOT NULL, 
	base INTEGER NOT NULL, 
	state TEXT NOT NULL, 
	PRIMARY KEY (run, base), 
	FOREIGN KEY(run) REFERENCES runs (id)
);
CREATE TABLE platform_audits (
	platform TEXT NOT NULL, 
	id TEXT NOT NULL, 
	at FLOAT NOT NULL, 
	message TEXT NOT NULL, 
	PRIMARY KEY (platform, id)
);
CREATE TABLE platform_audits_read (
	platform TEXT NOT NULL, 
	begins FLOAT NOT NULL, 
	ends FLOAT NOT NULL, 
	PRIMARY KEY (platform)
);
CREATE TABLE queues (
    queue_id TEXT PRIMARY KEY DEFAULT (hex(randomblob(16))),
    name TEXT NOT NULL UNIQUE,
    concurrency INTEGER,
    worker_concurrency INTEGER,
    rate_limit_max INTEGER,
    rate_limit_period_sec REAL,
    priority_enabled BOOLEAN NOT NULL DEFAULT FALSE,
    partition_queue BOOLEAN NOT NULL DEFAULT FALSE,
    polling_interval_sec REAL NOT NULL DEFAULT 1.0,
    created_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
    updated_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000)
, "application_name" TEXT DEFAULT NULL, "partition_concurrency" INTEGER DEFAULT NULL, "partition_worker_concurrency" INTEGER DEFAULT NULL, "partition_rate_limit_max" INTEGER DEFAULT NULL, "partition_rate_limit_period_sec" REAL DEFAULT NULL);
CREATE TABLE request_budgets (
	identity TEXT NOT NULL, 
	state TEXT NOT NULL, 
	PRIMARY KEY (identity)
);
CREATE TABLE run_changes (
	run TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	ticket TEXT NOT NULL, 
	PRIMARY KEY (run)
);
CREATE TABLE runs (
	id TEXT NOT NULL, 
	journey TEXT NOT NULL, 
	identity TEXT NOT NULL, 
	generation INTEGER NOT NULL, 
	"order" TEXT NOT NULL, 
	status TEXT NOT NULL, 
	stage TEXT NOT NULL, 
	note TEXT NOT NULL, 
	waiting_until FLOAT, 
	waiting_for TEXT NOT NULL, 
	started FLOAT NOT NULL, 
	ended FLOAT, 
	horizon FLOAT NOT NULL, 
	life INTEGER NOT NULL, 
	rewind_to INTEGER, 
	owner TEXT, 
	problem TEXT, 
	"end" TEXT, 
	PRIMARY KEY (id), 
	UNIQUE (identity, generation)
);
INSERT INTO "runs" VALUES('tiny:a@1','tiny','tiny:a',1,'{"event":true,"horizon":3600.0,"lines":1,"name":"a","wait":1.0,"~":"TinyOrder"}','succeeded','append','writing lines',NULL,'',1800000000.0,1800000002.0,1800003600.0,1,NULL,'test-cd3cbe76c0f1',NULL,'{"findings":[],"not_judged":[],"status":"succeeded","summary":{"lines":1,"signal":null},"~":"RunEnd"}');
INSERT INTO "runs" VALUES('tiny:a@2','tiny','tiny:a',2,'{"event":false,"horizon":3600.0,"lines":2,"name":"a","wait":600.0,"~":"TinyOrder"}','open','append','writing lines',1800000602.0,'a pause',1800000002.0,NULL,1800003602.0,1,NULL,NULL,NULL,NULL);
CREATE TABLE samples (
	series TEXT NOT NULL, 
	metric TEXT NOT NULL, 
	thing TEXT NOT NULL, 
	value FLOAT NOT NULL, 
	at FLOAT NOT NULL, 
	PRIMARY KEY (series)
);
INSERT INTO "samples" VALUES('gctrust_run_stage_seconds_bucket{journey="tiny",stage="append",le="1.0"}','gctrust_run_stage_seconds','',0.0,1800000002.0);
INSERT INTO "samples" VALUES('gctrust_run_stage_seconds_bucket{journey="tiny",stage="append",le="10.0"}','gctrust_run_stage_seconds','',1.0,1800000002.0);
INSERT INTO "samples" VALUES('gctrust_run_stage_seconds_bucket{journey="tiny",stage="append",le="60.0"}','gctrust_run_stage_seconds','',1.0,1800000002.0);
INSERT INTO "samples" VALUES('gctrust_run_stage_seconds_bucket{journey="tiny",stage="append",le="300.0"}','gctrust_run_stage_seconds','',1.0,1800000002.0);
INSERT INTO "samples" VALUES('gctrust_run_stage_seconds_bucket{journey="tiny",stage="append",le="1800.0"}','gctrust_run_stage_seconds','',1.0,1800000002.0);
INSERT INTO "samples" VALUES('gctrust_run_stage_seconds_bucket{journey="tiny",stage="append",le="3600.0"}','gctrust_run_stage_seconds','',1.0,1800000002.0);
INSERT INTO "samples" VALUES('gctrust_run_stage_seconds_bucket{journey="tiny",stage="append",le="21600.0"}','gctrust_run_stage_seconds','',1.0,1800000002.0);
INSERT INTO "samples" VALUES('gctrust_run_stage_seconds_bucket{journey="tiny",stage="append",le="86400.0"}','gctrust_run_stage_seconds','',1.0,1800000002.0);
INSERT INTO "samples" VALUES('gctrust_run_stage_seconds_bucket{journey="tiny",stage="append",le="259200.0"}','gctrust_run_stage_seconds','',1.0,1800000002.0);
INSERT INTO "samples" VALUES('gctrust_run_stage_seconds_bucket{journey="tiny",stage="append",le="+Inf"}','gctrust_run_stage_seconds','',1.0,1800000002.0);
INSERT INTO "samples" VALUES('gctrust_run_stage_seconds_sum{journey="tiny",stage="append"}','gctrust_run_stage_seconds','',2.0,1800000002.0);
INSERT INTO "samples" VALUES('gctrust_run_stage_seconds_count{journey="tiny",stage="append"}','gctrust_run_stage_seconds','',1.0,1800000002.0);
CREATE TABLE schedule_turns (
	schedule TEXT NOT NULL, 
	due FLOAT NOT NULL, 
	run TEXT NOT NULL, 
	PRIMARY KEY (schedule, due), 
	FOREIGN KEY(run) REFERENCES runs (id)
);
CREATE TABLE schedules (
	id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	status TEXT NOT NULL, 
	due FLOAT NOT NULL, 
	every FLOAT, 
	at FLOAT, 
	result TEXT NOT NULL, 
	looked FLOAT, 
	changed FLOAT, 
	PRIMARY KEY (id)
);
CREATE TABLE sealed_keys (
	domain TEXT NOT NULL, 
	leaf TEXT NOT NULL, 
	certificates TEXT NOT NULL, 
	nonce BLOB NOT NULL, 
	octets BLOB NOT NULL, 
	at FLOAT NOT NULL, 
	PRIMARY KEY (domain, leaf)
);
CREATE TABLE segments (
	run TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	workflow TEXT NOT NULL, 
	base INTEGER NOT NULL, 
	state TEXT NOT NULL, 
	PRIMARY KEY (run), 
	FOREIGN KEY(run) REFERENCES runs (id)
);
CREATE TABLE signals (
	id INTEGER NOT NULL, 
	run TEXT NOT NULL, 
	name TEXT NOT NULL, 
	at FLOAT NOT NULL, 
	taken_by TEXT, 
	PRIMARY KEY (id), 
	FOREIGN KEY(run) REFERENCES runs (id)
);
INSERT INTO "signals" VALUES(1,'tiny:a@1','late',1800000002.0,NULL);
CREATE TABLE steps (
	run TEXT NOT NULL, 
	step INTEGER NOT NULL, 
	life INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	problem TEXT NOT NULL, 
	started FLOAT NOT NULL, 
	ended FLOAT NOT NULL, 
	seconds FLOAT NOT NULL, 
	PRIMARY KEY (run, step, life), 
	FOREIGN KEY(run) REFERENCES runs (id)
);
INSERT INTO "steps" VALUES('tiny:a@1',1,1,'1 Stage append','done','',1800000000.0,1800000000.0,6.99720039847306907176e-05);
INSERT INTO "steps" VALUES('tiny:a@1',2,1,'2 AppendLine 0','done','',1800000000.0,1800000000.0,5.00739199924282729625e-03);
INSERT INTO "steps" VALUES('tiny:a@1',3,1,'3 Now','done','',1800000000.0,1800000000.0,3.08220041915774345397e-05);
INSERT INTO "steps" VALUES('tiny:a@1',4,1,'4 Wait','done','',1800000000.0,1800000002.0,1.40319799538701772689e-03);
INSERT INTO "steps" VALUES('tiny:a@1',5,1,'5 Record tiny.done a','done','',1800000002.0,1800000002.0,3.02604199532652273774e-03);
INSERT INTO "steps" VALUES('tiny:a@2',1,1,'1 Stage append','done','',1800000002.0,1800000002.0,4.64400000055320560932e-05);
INSERT INTO "steps" VALUES('tiny:a@2',2,1,'2 AppendLine 0','done','',1800000002.0,1800000002.0,2.98136500350665301084e-03);
INSERT INTO "steps" VALUES('tiny:a@2',3,1,'3 Now','done','',1800000002.0,1800000002.0,3.10190007439814507961e-05);
CREATE TABLE streams (
    workflow_uuid TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    "offset" INTEGER NOT NULL, function_id INTEGER NOT NULL DEFAULT 0, "serialization" TEXT DEFAULT NULL,
    PRIMARY KEY (workflow_uuid, key, "offset"),
    FOREIGN KEY (workflow_uuid) REFERENCES workflow_status(workflow_uuid) 
        ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE TABLE webhook_attempts (
	id INTEGER NOT NULL, 
	outbox TEXT NOT NULL, 
	endpoint TEXT NOT NULL, 
	try INTEGER NOT NULL, 
	at FLOAT NOT NULL, 
	status INTEGER, 
	error TEXT NOT NULL, 
	seconds FLOAT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "webhook_attempts" VALUES(1,'msg_b88ac56a50022f66df9b2455','environment',1,1800000002.0,NULL,'ConnectError: All connection attempts failed',1.34820439998293295502e-02);
CREATE TABLE webhook_deliveries (
	outbox TEXT NOT NULL, 
	endpoint TEXT NOT NULL, 
	entry INTEGER NOT NULL, 
	entity TEXT NOT NULL, 
	status TEXT NOT NULL, 
	tries INTEGER NOT NULL, 
	next_at FLOAT NOT NULL, 
	PRIMARY KEY (outbox, endpoint)
);
INSERT INTO "webhook_deliveries" VALUES('msg_b88ac56a50022f66df9b2455','environment',3,'a','pending',1,1.80000000800659298895e+09);
CREATE TABLE webhook_endpoints (
	name TEXT NOT NULL, 
	url TEXT NOT NULL, 
	options TEXT NOT NULL, 
	created FLOAT NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE webhook_health (
	endpoint TEXT NOT NULL, 
	failures INTEGER NOT NULL, 
	failing_since FLOAT, 
	open_until FLOAT NOT NULL, 
	disabled FLOAT, 
	why TEXT NOT NULL, 
	PRIMARY KEY (endpoint)
);
INSERT INTO "webhook_health" VALUES('environment',1,1800000002.0,0.0,NULL,'');
CREATE TABLE workflow_events (
    workflow_uuid TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL, "serialization" TEXT DEFAULT NULL,
    PRIMARY KEY (workflow_uuid, key),
    FOREIGN KEY (workflow_uuid) REFERENCES workflow_status(workflow_uuid) 
        ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE TABLE workflow_events_history (
    workflow_uuid TEXT NOT NULL,
    function_id INTEGER NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL, "serialization" TEXT DEFAULT NULL,
    PRIMARY KEY (workflow_uuid, function_id, key),
    FOREIGN KEY (workflow_uuid) REFERENCES workflow_status(workflow_uuid)
        ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE TABLE workflow_input (
    workflow_uuid TEXT NOT NULL PRIMARY KEY,
    inputs TEXT,
    retention_timestamp INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000)
);
INSERT INTO "workflow_input" VALUES('tiny:a@1','{"args": ["tiny:a@1"], "kwargs": {}}',1795301338000);
INSERT INTO "workflow_input" VALUES('tiny:a@2','{"args": ["tiny:a@2"], "kwargs": {}}',1795301338000);
CREATE TABLE workflow_output (
    workflow_uuid TEXT NOT NULL PRIMARY KEY,
    output TEXT,
    error TEXT,
    retention_timestamp INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000)
);
INSERT INTO "workflow_output" VALUES('tiny:a@1','"succeeded"',NULL,1795301338000);
CREATE TABLE workflow_schedules (
    schedule_id TEXT PRIMARY KEY,
    schedule_name TEXT NOT NULL UNIQUE,
    workflow_name TEXT NOT NULL,
    workflow_class_name TEXT,
    schedule TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'ACTIVE',
    context TEXT NOT NULL
, "last_fired_at" TEXT DEFAULT NULL, "automatic_backfill" BOOLEAN NOT NULL DEFAULT FALSE, "cron_timezone" TEXT DEFAULT NULL, "queue_name" TEXT DEFAULT NULL, "application_name" TEXT DEFAULT NULL);
CREATE TABLE workflow_status (
    workflow_uuid TEXT PRIMARY KEY,
    status TEXT,
    name TEXT,
    authenticated_user TEXT,
    assumed_role TEXT,
    authenticated_roles TEXT,
    request TEXT,
    output TEXT,
    error TEXT,
    executor_id TEXT,
    created_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
    updated_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
    application_version TEXT,
    application_id TEXT,
    class_name TEXT DEFAULT NULL,
    config_name TEXT DEFAULT NULL,
    recovery_attempts INTEGER DEFAULT 0,
    queue_name TEXT,
    workflow_timeout_ms INTEGER,
    workflow_deadline_epoch_ms INTEGER,
    inputs TEXT,
    started_at_epoch_ms INTEGER,
    deduplication_id TEXT,
    priority INTEGER NOT NULL DEFAULT 0
, queue_partition_key TEXT, forked_from TEXT, "owner_xid" TEXT DEFAULT NULL, "parent_workflow_id" TEXT DEFAULT NULL, "serialization" TEXT DEFAULT NULL, "delay_until_epoch_ms" BIGINT DEFAULT NULL, "was_forked_from" BOOLEAN NOT NULL DEFAULT FALSE, "rate_limited" BOOLEAN NOT NULL DEFAULT FALSE, "completed_at" BIGINT, "attributes" TEXT, "schedule_name" TEXT, "debounce_deadline_epoch_ms" BIGINT DEFAULT NULL, "is_debounced" BOOLEAN NOT NULL DEFAULT FALSE, "application_name" TEXT DEFAULT NULL, "creator_xid" TEXT DEFAULT NULL);
INSERT INTO "workflow_status" VALUES('tiny:a@1','SUCCESS','gctrust.run',NULL,NULL,NULL,NULL,NULL,NULL,'test-cd3cbe76c0f1-1',1795301338000,1795301338000,'gctrust-1','',NULL,NULL,1,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,'gctrust_json',NULL,0,0,1795301338000,'null',NULL,NULL,0,'gctrust','4fc3abb2-3513-4f75-a3e0-a19873057eba');
INSERT INTO "workflow_status" VALUES('tiny:a@2','PENDING','gctrust.run',NULL,NULL,NULL,NULL,NULL,NULL,'test-cd3cbe76c0f1-1',1795301338000,1795301338000,'gctrust-1','',NULL,NULL,1,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,'2cdb8764-2732-4c0d-ab8b-fe8158dbaa32',NULL,'gctrust_json',NULL,0,0,NULL,'null',NULL,NULL,0,'gctrust','2cdb8764-2732-4c0d-ab8b-fe8158dbaa32');
CREATE INDEX runs_turn ON runs (owner, started) WHERE ended IS NULL;
CREATE INDEX runs_newest ON runs (started, id);
CREATE UNIQUE INDEX runs_open ON runs (identity) WHERE ended IS NULL;
CREATE INDEX runs_by_status ON runs (status, started, id);
CREATE INDEX runs_by_journey ON runs (journey, started, id);
CREATE INDEX runs_counted ON runs (journey, status);
CREATE INDEX ix_idempotency_keys_at ON idempotency_keys (at);
CREATE INDEX ix_ledger_entity ON ledger (entity);
CREATE INDEX webhook_deliveries_order ON webhook_deliveries (endpoint, entity, status, entry);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint, status, next_at, entry);
CREATE INDEX webhook_deliveries_entry ON webhook_deliveries (entry);
CREATE INDEX webhook_attempts_of ON webhook_attempts (outbox, endpoint);
CREATE INDEX schedules_due ON schedules (status, due);
CREATE INDEX samples_of ON samples (metric, thing);
CREATE INDEX platform_audits_at ON platform_audits (platform, at);
CREATE INDEX ix_parked_due ON parked (due);
CREATE INDEX ix_signals_run ON signals (run);
CREATE INDEX ix_schedule_turns_run ON schedule_turns (run);
CREATE INDEX ix_deliveries_outbox ON deliveries (outbox);
CREATE INDEX workflow_status_created_at_index ON workflow_status (created_at);
CREATE INDEX idx_workflow_topic ON notifications (destination_uuid, topic);
CREATE INDEX "idx_workflow_status_delayed" ON "workflow_status" ("delay_until_epoch_ms") WHERE status = 'DELAYED';
CREATE INDEX "idx_workflow_status_forked_from" ON "workflow_status" ("forked_from") WHERE "forked_from" IS NOT NULL;
CREATE INDEX "idx_workflow_status_parent_workflow_id" ON "workflow_status" ("parent_workflow_id") WHERE "parent_workflow_id" IS NOT NULL;
CREATE UNIQUE INDEX "uq_workflow_status_dedup_id" ON "workflow_status" ("queue_name", "deduplication_id") WHERE "deduplication_id" IS NOT NULL;
CREATE INDEX "idx_workflow_status_pending" ON "workflow_status" ("created_at") WHERE "status" = 'PENDING';
CREATE INDEX "idx_workflow_status_failed" ON "workflow_status" ("status", "created_at") WHERE "status" IN ('ERROR', 'CANCELLED', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED');
CREATE INDEX "idx_workflow_status_rate_limited" ON "workflow_status" ("queue_name", "started_at_epoch_ms") WHERE "rate_limited" = TRUE;
CREATE INDEX "idx_workflow_status_completed_at" ON "workflow_status" ("completed_at") WHERE "completed_at" IS NOT NULL;
CREATE INDEX "idx_workflow_status_started_at" ON "workflow_status" ("started_at_epoch_ms") WHERE "started_at_epoch_ms" IS NOT NULL;
CREATE INDEX "idx_workflow_status_schedule_name" ON "workflow_status" ("schedule_name") WHERE "schedule_name" IS NOT NULL;
CREATE UNIQUE INDEX "uq_application_versions_owner_version"
    ON application_versions ("application_name", "version_name")
    WHERE "application_name" IS NOT NULL;
CREATE UNIQUE INDEX "uq_application_versions_unclaimed_version"
    ON application_versions ("version_name")
    WHERE "application_name" IS NULL;
CREATE INDEX idx_workflow_input_retention
    ON workflow_input (retention_timestamp);
CREATE INDEX idx_workflow_output_retention
    ON workflow_output (retention_timestamp);
CREATE INDEX idx_operation_outputs_retention
    ON operation_outputs (retention_timestamp);
CREATE INDEX "idx_workflow_status_in_flight_v2" ON "workflow_status" ("queue_name", "status", "priority", "created_at", "application_name") WHERE "status" IN ('ENQUEUED', 'PENDING');
CREATE INDEX "idx_workflow_status_partition_dequeue_v3" ON "workflow_status" ("queue_name", "status", "queue_partition_key", "priority", "created_at", "workflow_uuid", "application_name") WHERE "status" IN ('ENQUEUED', 'PENDING') AND "queue_partition_key" IS NOT NULL;
CREATE INDEX "idx_operation_outputs_completed_at_function_name_v2" ON "operation_outputs" ("completed_at_epoch_ms", "function_name", "application_name");
CREATE INDEX "idx_workflow_status_deadline" ON "workflow_status" ("workflow_deadline_epoch_ms") WHERE "status" IN ('ENQUEUED', 'PENDING', 'DELAYED') AND "workflow_deadline_epoch_ms" IS NOT NULL;
CREATE INDEX "idx_application_versions_timestamp" ON "application_versions" ("version_timestamp" DESC);
CREATE INDEX "idx_application_versions_owner_timestamp" ON "application_versions" ("application_name", "version_timestamp" DESC);
COMMIT;
