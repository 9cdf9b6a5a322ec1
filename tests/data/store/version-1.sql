-- A store of version 1 (order book only), as `sqlite3 FILE .dump` prints it: what migrations are tested from.
PRAGMA application_id=1953325939;
PRAGMA user_version=1;
BEGIN TRANSACTION;
CREATE TABLE import_run (id INTEGER PRIMARY KEY, file TEXT NOT NULL, kind TEXT NOT NULL,
             row_count INTEGER, found INTEGER);
INSERT INTO "import_run" VALUES(1,'v1.csv','orders',3,0);
INSERT INTO "import_run" VALUES(2,'v1d.csv','delivery',2,0);
CREATE TABLE note (tid TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, time TEXT NOT NULL,
             data TEXT NOT NULL, PRIMARY KEY (tid, kind, key)) WITHOUT ROWID;
INSERT INTO "note" VALUES('5200000000000077001','delivery','P1','2026-11-21T10:00:00+08:00','{"tid":"5200000000000077001","lbx":"LBX5200000000000001","company":"中通","parcel":"P1","consigned":"2026-11-20 10:00:00","signed":"2026-11-21 10:00:00","state":"已签收","trace_time":"2026-11-21 10:00:00"}');
INSERT INTO "note" VALUES('5200000000000077009','delivery','P9','2026-11-21T10:00:00+08:00','{"tid":"5200000000000077009","lbx":"LBX5200000000000009","company":"中通","parcel":"P9","consigned":"2026-11-20 10:00:00","signed":"","state":"运输中","trace_time":"2026-11-21 10:00:00"}');
CREATE TABLE order_parcel (order_id INTEGER NOT NULL, number TEXT NOT NULL,
             PRIMARY KEY (order_id, number)) WITHOUT ROWID;
INSERT INTO "order_parcel" VALUES(1,'LBX5200000000000001');
INSERT INTO "order_parcel" VALUES(4,'LBX5200000000000009');
INSERT INTO "order_parcel" VALUES(1,'P1');
INSERT INTO "order_parcel" VALUES(4,'P9');
INSERT INTO "order_parcel" VALUES(1,'YT0000000000001');
INSERT INTO "order_parcel" VALUES(2,'YT0000000000001');
INSERT INTO "order_parcel" VALUES(3,'YT0000000000001');
CREATE TABLE order_title (order_id INTEGER NOT NULL, title_id INTEGER NOT NULL,
             PRIMARY KEY (order_id, title_id)) WITHOUT ROWID;
INSERT INTO "order_title" VALUES(1,1);
INSERT INTO "order_title" VALUES(2,1);
INSERT INTO "order_title" VALUES(3,1);
CREATE TABLE orders (
             id INTEGER PRIMARY KEY, tid TEXT NOT NULL UNIQUE, status TEXT, created TEXT, nick TEXT, phone TEXT,
             whole INTEGER NOT NULL, lines INTEGER NOT NULL, run INTEGER NOT NULL, lines_run INTEGER NOT NULL,
             patches TEXT, record TEXT NOT NULL);
INSERT INTO "orders" VALUES(1,'5200000000000077001','WAIT_BUYER_CONFIRM_GOODS','2026-11-20T10:00:00+08:00','TB_Case1','10000000831',1,1,2,1,NULL,'{"schema":"tmcs/order/1","tid":"5200000000000077001","status":"WAIT_BUYER_CONFIRM_GOODS","created":"2026-11-20T10:00:00+08:00","pay_time":"2026-11-20T10:01:00+08:00","consign_time":"2026-11-20T10:00:00+08:00","sign_time":"2026-11-21T10:00:00+08:00","payment":"39.90","post_fee":"0.00","lbx":"LBX5200000000000001","buyer_nick":"TB_Case1","receiver":{"name":"张测试","mobile":"13800000001","state":"浙江省","city":"杭州市","district":"余杭区","address":"示例街道样例路1号"},"orders":[{"oid":"5200000000000077001","title":"示例蜂蜜500g","num":1,"payment":"39.90"}],"logistics":{"company":"中通快递","out_sid":"P1"},"seller_memo":""}');
INSERT INTO "orders" VALUES(2,'5200000000000077002','WAIT_BUYER_CONFIRM_GOODS','2026-11-20T10:00:00+08:00','TB_Case2','20000000831',1,1,1,1,NULL,'{"schema":"tmcs/order/1","tid":"5200000000000077002","status":"WAIT_BUYER_CONFIRM_GOODS","created":"2026-11-20T10:00:00+08:00","pay_time":"2026-11-20T10:01:00+08:00","payment":"39.90","post_fee":"0.00","buyer_nick":"TB_Case2","receiver":{"name":"张测试","mobile":"13800000002","state":"浙江省","city":"杭州市","district":"余杭区","address":"示例街道样例路1号"},"orders":[{"oid":"5200000000000077002","title":"示例蜂蜜500g","num":1,"payment":"39.90"}],"logistics":{"company":"圆通速递","out_sid":"YT0000000000001"},"seller_memo":""}');
INSERT INTO "orders" VALUES(3,'5200000000000077003','WAIT_BUYER_CONFIRM_GOODS','2026-11-20T10:00:00+08:00','TB_Case3','30000000831',1,1,1,1,NULL,'{"schema":"tmcs/order/1","tid":"5200000000000077003","status":"WAIT_BUYER_CONFIRM_GOODS","created":"2026-11-20T10:00:00+08:00","pay_time":"2026-11-20T10:01:00+08:00","payment":"39.90","post_fee":"0.00","buyer_nick":"TB_Case3","receiver":{"name":"张测试","mobile":"13800000003","state":"浙江省","city":"杭州市","district":"余杭区","address":"示例街道样例路1号"},"orders":[{"oid":"5200000000000077003","title":"示例蜂蜜500g","num":1,"payment":"39.90"}],"logistics":{"company":"圆通速递","out_sid":"YT0000000000001"},"seller_memo":""}');
INSERT INTO "orders" VALUES(4,'5200000000000077009',NULL,NULL,NULL,NULL,0,0,2,0,NULL,'{"schema":"tmcs/order/1","tid":"5200000000000077009","consign_time":"2026-11-20T10:00:00+08:00","sign_time":null,"lbx":"LBX5200000000000009","logistics":{"company":"中通快递","out_sid":"P9"}}');
CREATE TABLE title (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
INSERT INTO "title" VALUES(1,'示例蜂蜜500g');
CREATE INDEX orders_created ON orders (created);
CREATE INDEX orders_nick ON orders (nick COLLATE NOCASE) WHERE nick IS NOT NULL;
CREATE INDEX orders_phone ON orders (phone) WHERE phone IS NOT NULL;
CREATE INDEX order_title_title ON order_title (title_id);
CREATE INDEX order_parcel_number ON order_parcel (number);
CREATE INDEX note_kind ON note (kind, time);
COMMIT;
