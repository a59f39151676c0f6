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
INSERT INTO "application_versions" VALUES('9688bc11-bcee-4bad-9068-19b1d2bf2f37','gctrust-1',1795289040000,1795289040000,'gctrust');
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
CREATE TABLE gctrust_meta (
	name TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "gctrust_meta" VALUES('schema','2');
INSERT INTO "gctrust_meta" VALUES('store_kind','sandbox');
INSERT INTO "gctrust_meta" VALUES('store_id','2ea3871dc2d64200');
CREATE TABLE leases (
	name TEXT NOT NULL, 
	epoch INTEGER NOT NULL, 
	holder TEXT NOT NULL, 
	host TEXT NOT NULL, 
	pid INTEGER NOT NULL, 
	beat FLOAT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "leases" VALUES('executor',1,'','host',25297,0.0);
CREATE TABLE ledger (
	seq INTEGER NOT NULL, 
	run TEXT NOT NULL, 
	slot TEXT NOT NULL, 
	entity TEXT NOT NULL, 
	action TEXT NOT NULL, 
	entry TEXT NOT NULL, 
	PRIMARY KEY (seq), 
	UNIQUE (run, slot)
);
INSERT INTO "ledger" VALUES(0,'fill','0:noted:n0.example','n0.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n0.example","run":"fill","seq":0,"step":0,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(1,'fill','1:noted:n1.example','n1.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n1.example","run":"fill","seq":1,"step":1,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(2,'fill','2:noted:n2.example','n2.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n2.example","run":"fill","seq":2,"step":2,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(3,'fill','3:noted:n3.example','n3.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n3.example","run":"fill","seq":3,"step":3,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(4,'fill','4:noted:n4.example','n4.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n4.example","run":"fill","seq":4,"step":4,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(5,'fill','5:noted:n5.example','n5.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n5.example","run":"fill","seq":5,"step":5,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(6,'fill','6:noted:n6.example','n6.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n6.example","run":"fill","seq":6,"step":6,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(7,'fill','7:noted:n7.example','n7.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n7.example","run":"fill","seq":7,"step":7,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(8,'fill','8:noted:n8.example','n8.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n8.example","run":"fill","seq":8,"step":8,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(9,'fill','9:noted:n9.example','n9.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n9.example","run":"fill","seq":9,"step":9,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(10,'fill','10:noted:n10.example','n10.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n10.example","run":"fill","seq":10,"step":10,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(11,'fill','11:noted:n11.example','n11.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n11.example","run":"fill","seq":11,"step":11,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(12,'fill','12:noted:n12.example','n12.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n12.example","run":"fill","seq":12,"step":12,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(13,'fill','13:noted:n13.example','n13.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n13.example","run":"fill","seq":13,"step":13,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(14,'fill','14:noted:n14.example','n14.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n14.example","run":"fill","seq":14,"step":14,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(15,'fill','15:noted:n15.example','n15.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n15.example","run":"fill","seq":15,"step":15,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(16,'fill','16:noted:n16.example','n16.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n16.example","run":"fill","seq":16,"step":16,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(17,'fill','17:noted:n17.example','n17.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n17.example","run":"fill","seq":17,"step":17,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(18,'fill','18:noted:n18.example','n18.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n18.example","run":"fill","seq":18,"step":18,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(19,'fill','19:noted:n19.example','n19.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n19.example","run":"fill","seq":19,"step":19,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(20,'fill','20:noted:n20.example','n20.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n20.example","run":"fill","seq":20,"step":20,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(21,'fill','21:noted:n21.example','n21.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n21.example","run":"fill","seq":21,"step":21,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(22,'fill','22:noted:n22.example','n22.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n22.example","run":"fill","seq":22,"step":22,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(23,'fill','23:noted:n23.example','n23.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n23.example","run":"fill","seq":23,"step":23,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(24,'fill','24:noted:n24.example','n24.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n24.example","run":"fill","seq":24,"step":24,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(25,'fill','25:noted:n25.example','n25.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n25.example","run":"fill","seq":25,"step":25,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(26,'fill','26:noted:n26.example','n26.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n26.example","run":"fill","seq":26,"step":26,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(27,'fill','27:noted:n27.example','n27.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n27.example","run":"fill","seq":27,"step":27,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(28,'fill','28:noted:n28.example','n28.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n28.example","run":"fill","seq":28,"step":28,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(29,'fill','29:noted:n29.example','n29.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n29.example","run":"fill","seq":29,"step":29,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(30,'fill','30:noted:n30.example','n30.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n30.example","run":"fill","seq":30,"step":30,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(31,'fill','31:noted:n31.example','n31.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n31.example","run":"fill","seq":31,"step":31,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(32,'fill','32:noted:n32.example','n32.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n32.example","run":"fill","seq":32,"step":32,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(33,'fill','33:noted:n33.example','n33.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n33.example","run":"fill","seq":33,"step":33,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(34,'fill','34:noted:n34.example','n34.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n34.example","run":"fill","seq":34,"step":34,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(35,'fill','35:noted:n35.example','n35.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n35.example","run":"fill","seq":35,"step":35,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(36,'fill','36:noted:n36.example','n36.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n36.example","run":"fill","seq":36,"step":36,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(37,'fill','37:noted:n37.example','n37.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n37.example","run":"fill","seq":37,"step":37,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(38,'fill','38:noted:n38.example','n38.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n38.example","run":"fill","seq":38,"step":38,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(39,'fill','39:noted:n39.example','n39.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n39.example","run":"fill","seq":39,"step":39,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(40,'fill','40:noted:n40.example','n40.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n40.example","run":"fill","seq":40,"step":40,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(41,'fill','41:noted:n41.example','n41.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n41.example","run":"fill","seq":41,"step":41,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(42,'fill','42:noted:n42.example','n42.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n42.example","run":"fill","seq":42,"step":42,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(43,'fill','43:noted:n43.example','n43.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n43.example","run":"fill","seq":43,"step":43,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(44,'fill','44:noted:n44.example','n44.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n44.example","run":"fill","seq":44,"step":44,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(45,'fill','45:noted:n45.example','n45.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n45.example","run":"fill","seq":45,"step":45,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(46,'fill','46:noted:n46.example','n46.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n46.example","run":"fill","seq":46,"step":46,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(47,'fill','47:noted:n47.example','n47.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n47.example","run":"fill","seq":47,"step":47,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(48,'fill','48:noted:n48.example','n48.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n48.example","run":"fill","seq":48,"step":48,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(49,'fill','49:noted:n49.example','n49.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n49.example","run":"fill","seq":49,"step":49,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(50,'fill','50:noted:n50.example','n50.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n50.example","run":"fill","seq":50,"step":50,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(51,'fill','51:noted:n51.example','n51.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n51.example","run":"fill","seq":51,"step":51,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(52,'fill','52:noted:n52.example','n52.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n52.example","run":"fill","seq":52,"step":52,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(53,'fill','53:noted:n53.example','n53.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n53.example","run":"fill","seq":53,"step":53,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(54,'fill','54:noted:n54.example','n54.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n54.example","run":"fill","seq":54,"step":54,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(55,'fill','55:noted:n55.example','n55.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n55.example","run":"fill","seq":55,"step":55,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(56,'fill','56:noted:n56.example','n56.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n56.example","run":"fill","seq":56,"step":56,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(57,'fill','57:noted:n57.example','n57.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n57.example","run":"fill","seq":57,"step":57,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(58,'fill','58:noted:n58.example','n58.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n58.example","run":"fill","seq":58,"step":58,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(59,'fill','59:noted:n59.example','n59.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n59.example","run":"fill","seq":59,"step":59,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(60,'fill','60:noted:n60.example','n60.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n60.example","run":"fill","seq":60,"step":60,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(61,'fill','61:noted:n61.example','n61.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n61.example","run":"fill","seq":61,"step":61,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(62,'fill','62:noted:n62.example','n62.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n62.example","run":"fill","seq":62,"step":62,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(63,'fill','63:noted:n63.example','n63.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n63.example","run":"fill","seq":63,"step":63,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(64,'fill','64:noted:n64.example','n64.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n64.example","run":"fill","seq":64,"step":64,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(65,'fill','65:noted:n65.example','n65.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n65.example","run":"fill","seq":65,"step":65,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(66,'fill','66:noted:n66.example','n66.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n66.example","run":"fill","seq":66,"step":66,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(67,'fill','67:noted:n67.example','n67.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n67.example","run":"fill","seq":67,"step":67,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(68,'fill','68:noted:n68.example','n68.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n68.example","run":"fill","seq":68,"step":68,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(69,'fill','69:noted:n69.example','n69.example','noted','{"action":"noted","actor":"tester","data":{},"entity":"n69.example","run":"fill","seq":69,"step":69,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(70,'tiny:a@1','2.1:intent','0','append-line.intended','{"action":"append-line.intended","actor":"tester","data":{"try":1},"entity":"0","run":"tiny:a@1","seq":70,"step":2,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(71,'tiny:a@1','2.1:outcome','0','append-line.done','{"action":"append-line.done","actor":"tester","data":{"kind":"done"},"entity":"0","run":"tiny:a@1","seq":71,"step":2,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(72,'tiny:a@1','5.1:record','a','tiny.done','{"action":"tiny.done","actor":"tester","data":{"lines":1},"entity":"a","run":"tiny:a@1","seq":72,"step":5,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(73,'tiny:a@2','2.1:intent','0','append-line.intended','{"action":"append-line.intended","actor":"tester","data":{"try":1},"entity":"0","run":"tiny:a@2","seq":73,"step":2,"time":"2027-01-15T08:00:00.000Z"}');
INSERT INTO "ledger" VALUES(74,'tiny:a@2','2.1:outcome','0','append-line.done','{"action":"append-line.done","actor":"tester","data":{"kind":"done"},"entity":"0","run":"tiny:a@2","seq":74,"step":2,"time":"2027-01-15T08:00:00.000Z"}');
CREATE TABLE ledger_checkpoint (
	id INTEGER NOT NULL, 
	size INTEGER NOT NULL, 
	note TEXT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "ledger_checkpoint" VALUES(1,75,'gctrust/ledger/2ea3871dc2d64200
75
kcofIxe4pRg4Fs9ikExqp9/dpbPyYMZENHet57XUeag=

— gctrust/ledger/2ea3871dc2d64200 rR5Zl0Fwi0PJ2GfR/KzWU/wbThO65sYmp1Q36NEIVLria24M3CCFw/W2CP5dptdsZUD/hm9qsMUERN4hKvTN46FZbAk=
');
CREATE TABLE ledger_nodes (
	level INTEGER NOT NULL, 
	"index" INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (level, "index")
);
INSERT INTO "ledger_nodes" VALUES(0,0,X'8F02CAC13BCECFE88E4DCCBAF8A81EC867696CF4AC28F3C45244584EA10B9DE1');
INSERT INTO "ledger_nodes" VALUES(0,1,X'8EABBE72BD5364CE3A47CDA66154509962587BEBFB25A8F2E87D50356BCAB3C8');
INSERT INTO "ledger_nodes" VALUES(1,0,X'AF88DCAD7029FC2126133B24BDED580A16C1E7DF4D530B0F8C169C14F6783409');
INSERT INTO "ledger_nodes" VALUES(0,2,X'97C06D92D7D6830AAB5D040A142D2AF2D94D2EC13C1D6659D440344409A4B715');
INSERT INTO "ledger_nodes" VALUES(0,3,X'63D0F2AE48FDFC609657F4E9106E9FACBCA99C6B495EFD70475E9EA49A5445FE');
INSERT INTO "ledger_nodes" VALUES(1,1,X'194CD4F555B901A1C16E4A7A7D7A6891E0B651975AEC16AA96C8517B74B87C5B');
INSERT INTO "ledger_nodes" VALUES(2,0,X'E31528C4FCC22141DF2693F16E2198B183B96CEA111A89A914C6820CE08A896B');
INSERT INTO "ledger_nodes" VALUES(0,4,X'5674906EF19BDAD46AF847B113E600BAF0A8EB90701C6E91394BED3059198AEE');
INSERT INTO "ledger_nodes" VALUES(0,5,X'3AD4346AF710979CCEE8F9C94806DB7633BD2A1A0768033361C62675EA2CA149');
INSERT INTO "ledger_nodes" VALUES(1,2,X'88DE6630B4D52C9D842C42CF6ED1DB4923F4D15ED8AF6BFBC5BAE9BB50E7A74D');
INSERT INTO "ledger_nodes" VALUES(0,6,X'8D8D5C4AE53DD97E128B5A7A6B9DD155778585A1A3A2AF22BC4B51CB4E6288D5');
INSERT INTO "ledger_nodes" VALUES(0,7,X'7A357440368700E65D3BF035584F9AA344055C98BA1874829FC83549ABEDE14E');
INSERT INTO "ledger_nodes" VALUES(1,3,X'7A6AAA7898CC8D088B5A727509F42FBFAA43303C663B62B1D5B8C392B987D3F0');
INSERT INTO "ledger_nodes" VALUES(2,1,X'18D9F082B9072AC10EDAB010E234F30690A79ECC6BC77AB345B07E12513808A5');
INSERT INTO "ledger_nodes" VALUES(3,0,X'C9E10E632C8E3E0494EDD1E109240DBAD2031563D38358B6B0522D3AC8F9BBFC');
INSERT INTO "ledger_nodes" VALUES(0,8,X'70AE5D6F4B2D4725C27144EE0AFE81BBE0DBF2131DB0EAD4B4637922C94D1044');
INSERT INTO "ledger_nodes" VALUES(0,9,X'168250124D5F3522D124C2B60AD7F07E688D077FA11F2E058160B1F051ECB15A');
INSERT INTO "ledger_nodes" VALUES(1,4,X'13AEBF1DAEE957562971DBD777BAF4EEA5AADF82817394E3F212865B406C2F63');
INSERT INTO "ledger_nodes" VALUES(0,10,X'DE72F2BFF2DCAEC94666AA1D3BDAC98AD2EAAAADB5BFD2DE761C13EA17A4E6C8');
INSERT INTO "ledger_nodes" VALUES(0,11,X'CE5CDF32271269D8A60323EEF28F52F19880FA217BB52EEAB3DD5693275699CD');
INSERT INTO "ledger_nodes" VALUES(1,5,X'655437E51B35814FFD5240B43D751142C23C8AC0497E6B621A9357DCFE93A39F');
INSERT INTO "ledger_nodes" VALUES(2,2,X'F63A0653A06141FE2B3D43D56451F1FE4D36B26170DBC914DE9B03D663BC0A30');
INSERT INTO "ledger_nodes" VALUES(0,12,X'0FA102FEF3E93250D837CC0B008757A52FA9AE8D5C729246E8F02E00E90EC14E');
INSERT INTO "ledger_nodes" VALUES(0,13,X'FF38550E8188447FA8397BD2B078B551597262EE240BDAD9BA9505C2CE425BCD');
INSERT INTO "ledger_nodes" VALUES(1,6,X'0EBA0222EFF8A264FDDF94F9819CA69888F165A074B73516B97ABB92DF437C3A');
INSERT INTO "ledger_nodes" VALUES(0,14,X'61E46F83C3D27C1BAC969EF3CBC5B39AA5B24EE09EAB6EAEB4F7CDDEB778A2F7');
INSERT INTO "ledger_nodes" VALUES(0,15,X'E30A3736C684FDB4CED82B8ED849652FFC9EEF4B25BCA4CAA5AE9B854DF23D28');
INSERT INTO "ledger_nodes" VALUES(1,7,X'C151E4FFCC2AE33D513859F71BF66D992463E30E544468C78E611AB0F8D28CA1');
INSERT INTO "ledger_nodes" VALUES(2,3,X'087022AB4B629712A7342023D5E99B02303A6C912BF8B80EE09B18BA52FE88C7');
INSERT INTO "ledger_nodes" VALUES(3,1,X'FCA755B6ADFBD1AC25D8E7A13106D9EE72DE74628E2BA3243A3D4B1D24E055D2');
INSERT INTO "ledger_nodes" VALUES(4,0,X'34600E85879AAAAD1BE0A3F002E60862252303B158324D8035B4590181B72E66');
INSERT INTO "ledger_nodes" VALUES(0,16,X'4FE3C83063F8D2B4307D77F3A65D08DCD696C35D4F138ED4157758D262843FF7');
INSERT INTO "ledger_nodes" VALUES(0,17,X'2D8DE89E1B276A958141A7BD5DA6324C5A90A5B7E115E7A637C3948117926C8E');
INSERT INTO "ledger_nodes" VALUES(1,8,X'2FBB11750D0CC9467090BCB0369D8D9A5702D83607728634A23B8251DCD3945F');
INSERT INTO "ledger_nodes" VALUES(0,18,X'75081F7C4616A8FD117E6195158ACA172DCE204CD45B74CD2C5A9124207BB4A5');
INSERT INTO "ledger_nodes" VALUES(0,19,X'D079B1E99BCF946D00C2DE4E053A0A603353C3813D305760054E41FBEC530C56');
INSERT INTO "ledger_nodes" VALUES(1,9,X'8242FFE0C022019B02AACC3543B06ADFD53D67602A4AFEDAF8A8FABE722015AD');
INSERT INTO "ledger_nodes" VALUES(2,4,X'586E47C7A577B9CE455165B77DB8612323099F4E45E0FF2CEE852B86CCBCD858');
INSERT INTO "ledger_nodes" VALUES(0,20,X'030155600A8E083F6B966455FFD2E1473FA308777142F86BC2E6A2747753B877');
INSERT INTO "ledger_nodes" VALUES(0,21,X'43DC9088AB76105263B48D36ADEDA8B91360F30340964F1CDBF7B6CA024FD5E3');
INSERT INTO "ledger_nodes" VALUES(1,10,X'B020BA6E01A5DEBBE071F5824EBB4BE801F9E81D53634472EEFEC9F24617F52E');
INSERT INTO "ledger_nodes" VALUES(0,22,X'A0DE78AF5714433ED80371FF00AC0B6BFB7ED002CB6C83DCB49F495FD6B3CCD8');
INSERT INTO "ledger_nodes" VALUES(0,23,X'F34C8A8CDC7982C804870ED1B196EAC3CD59F7957C8EE5C345E1BBF18CEEC61C');
INSERT INTO "ledger_nodes" VALUES(1,11,X'EF5771A587537993693209BDDBF31F2CB4954BE91D30B98D00812896DEB23058');
INSERT INTO "ledger_nodes" VALUES(2,5,X'0767CD8468805940644F5F2FBCEE3654D5D743C3C23007C81975061DF8545DC0');
INSERT INTO "ledger_nodes" VALUES(3,2,X'49FE46C44E1A8BB2C500798CFD3EC3A59B3EDF03488712243C7316A09D677FFF');
INSERT INTO "ledger_nodes" VALUES(0,24,X'B1FE958307726095B628841773DAFDBC67E9A7AA8978FAEC305CFD1635965860');
INSERT INTO "ledger_nodes" VALUES(0,25,X'40EA7910AF664506481B2797A248ED3D112EF5F72151FA4311E1F17A8FBEABEF');
INSERT INTO "ledger_nodes" VALUES(1,12,X'1C45D7E997F40F81210100DCE520D8B68563DE904DBDA712EDD00C532F441A93');
INSERT INTO "ledger_nodes" VALUES(0,26,X'30B1E4F877905C4C292AB6AAD89E99E563BBC841E8544E66FA873B376A09AE72');
INSERT INTO "ledger_nodes" VALUES(0,27,X'93DC350B7063F61926978B2A46CB81B3503EF4CFF640525458F92035E6ABBAF7');
INSERT INTO "ledger_nodes" VALUES(1,13,X'9331C5265D9E7D652C096AFA00E47593CA763AD1F1730DDC7A72B17F72BAC45E');
INSERT INTO "ledger_nodes" VALUES(2,6,X'022E2A028E18651A4FFC3BC408551CE30C519BC27BA34D12930DB3795945C7D6');
INSERT INTO "ledger_nodes" VALUES(0,28,X'668FF6A46B8CF89C392F7E0E30C39F3FA36A9720BFFCC26E3601243DEA2235F4');
INSERT INTO "ledger_nodes" VALUES(0,29,X'47B3C1379F838A032282B51B06662D55E22DEC4EE07B658161D8BF78ADA89432');
INSERT INTO "ledger_nodes" VALUES(1,14,X'0563695D321ADA2FCAF63A1FCBE3A9CD91D465C0BFC2819A0F7A100971F8ABB8');
INSERT INTO "ledger_nodes" VALUES(0,30,X'B4D258F3831C8AE8779779D493B69E0C49E649703E405591A3C34D882F325027');
INSERT INTO "ledger_nodes" VALUES(0,31,X'B4E4784110B44B6B75E0BBC4AFAC5F31E6C4535C124710B2664ED3DE4E37A8B2');
INSERT INTO "ledger_nodes" VALUES(1,15,X'DCA770B8987D5D2EA5B903D45A54A914CE9ADAB4674925E18F12E8503105EAA9');
INSERT INTO "ledger_nodes" VALUES(2,7,X'59BA025F590960B5EF7467A23FF97C75C471712EDBC5FD7962E2B5C476604903');
INSERT INTO "ledger_nodes" VALUES(3,3,X'008DCDC3EF732AAF44049828767458FF02BB92EFCD3615417B025CF3FDC13CDA');
INSERT INTO "ledger_nodes" VALUES(4,1,X'E07085C6A1E2AE05C8E7BBD6C326A6271734058168CB600FFCF82C9E50A39A94');
INSERT INTO "ledger_nodes" VALUES(5,0,X'2A1E1C59D86ADF8D30C01231CE360C59E8EB19381D75E02C4FEF2A2255EFDB5E');
INSERT INTO "ledger_nodes" VALUES(0,32,X'3A6EE5BB7ABBFD0D122DCB27BF4E5A8EC802AF6285288069762165437EDBB13F');
INSERT INTO "ledger_nodes" VALUES(0,33,X'659B7F00A5923165C657F6A3175B1587046831334BFCC31ECC90124EE3E47081');
INSERT INTO "ledger_nodes" VALUES(1,16,X'6365557C89838A254712DACBCF1DC6368217FE61A26DBD0BE3513FAFC4A02543');
INSERT INTO "ledger_nodes" VALUES(0,34,X'9CF6C4C0EB0B53CB1DEB665CBE5539DFFA2A77EFC0EF30317EEB2E81702824C8');
INSERT INTO "ledger_nodes" VALUES(0,35,X'E54F870F48E4366A69BA8F07686110F58E67330DF5FEEF1F0B06D3717CE7640A');
INSERT INTO "ledger_nodes" VALUES(1,17,X'306CFAB0E9E43A95C495761EB8B413B209AF0662B3F704DFECDDC86BD14E3517');
INSERT INTO "ledger_nodes" VALUES(2,8,X'6E3151108BD685E1138BA71C1BCBE3AB4FE5633C0857BC988AF454E4057742F0');
INSERT INTO "ledger_nodes" VALUES(0,36,X'F6B281B1C61BDFC2E9947B47BF8B249281BFBEB092D3E60E7166C779D5C01459');
INSERT INTO "ledger_nodes" VALUES(0,37,X'7C383BE0F2EF6098A6086F96DE0795094A00FD2D5D1812017A607DDCE3A39E73');
INSERT INTO "ledger_nodes" VALUES(1,18,X'7A6B9C22B388A4F264164C3AEF904CB376C10AD6DF53A22B9FE4EF6F5B36E2C2');
INSERT INTO "ledger_nodes" VALUES(0,38,X'8D09082ED5F263E7D9403853D71DF3DA7658EBDCCFEFDF1CF84AF509E32AD424');
INSERT INTO "ledger_nodes" VALUES(0,39,X'340B7A3D0C19D0ADBF80557C6944559DF9DC29B9808A6B629541182D64A9ACA5');
INSERT INTO "ledger_nodes" VALUES(1,19,X'8283328405084A610E6EA9200757909A4D6183E6F682960AC785B6C7963FF59F');
INSERT INTO "ledger_nodes" VALUES(2,9,X'ED60A4E331E4AE8662E975224AB10B8B072090F41FAE50DA28AB13747B9C56F9');
INSERT INTO "ledger_nodes" VALUES(3,4,X'FCB483DBD583EA34DF3BF10C69997984E4DBBED4994F8DA3792920241E309393');
INSERT INTO "ledger_nodes" VALUES(0,40,X'5430A2E9E183D05BB8D89593D5A50D8048DFFB4CBFE91D3BD4FA5139C992C75B');
INSERT INTO "ledger_nodes" VALUES(0,41,X'B901B46ABD8F17230ABAAA4883B23BF7317306C039F0C02DF522FBDD81969818');
INSERT INTO "ledger_nodes" VALUES(1,20,X'D5348471192DCDBE1FFB82F3B53938532AB9322AB8F331A896EFBE9945ED851D');
INSERT INTO "ledger_nodes" VALUES(0,42,X'CE6D8A19F122607ED14F074659CB556E52CC4641313837DCCB68C0B3D9FBE85A');
INSERT INTO "ledger_nodes" VALUES(0,43,X'7971DAC976ADA29D8EFD0C46607D2C39416973AF188679CC950D3CF2CAA5AE49');
INSERT INTO "ledger_nodes" VALUES(1,21,X'E8AE3E6A4D48AED97E4D3FA78D085B1D2655E2E0BC1353A55A069DE25606A1A8');
INSERT INTO "ledger_nodes" VALUES(2,10,X'FD08D4B173F478BEE2C254EF0A3362ABFEA7262A50159CC4E1ECDFCDD0BE84B3');
INSERT INTO "ledger_nodes" VALUES(0,44,X'E9A1122E809BD188CBF3FFF0AD39585FDD31B0FA69DDBC04398B542629E2D910');
INSERT INTO "ledger_nodes" VALUES(0,45,X'1A00647F48F4D6BA371F647320FEC4CC318355287F09C2F610425AD1EC3A7F3C');
INSERT INTO "ledger_nodes" VALUES(1,22,X'FA4CB4313AB77C400882FFBFC2A4922EAB748C13109D1F97389AEB97FD6F0391');
INSERT INTO "ledger_nodes" VALUES(0,46,X'F1D5D7BE00A96A9E79F2B9CD1E3CEF5144130D598D8DBF6560C5D5DA7844CB07');
INSERT INTO "ledger_nodes" VALUES(0,47,X'E5C56FC4BC02E461CBD48D8B65D452E72EEDBBD7EAD0CEF99E897368E69A28A7');
INSERT INTO "ledger_nodes" VALUES(1,23,X'93589F39D591F8277EE48A092C4ECB84AA409FC666C908C73F7C76169CB7BE51');
INSERT INTO "ledger_nodes" VALUES(2,11,X'74C2E972BBF572C6C8091B7B7864961CC6C5A0F46518FB89182DA070F81694E0');
INSERT INTO "ledger_nodes" VALUES(3,5,X'FE08F6AD046C2288F74954C485859ABB2188B8CD2AD6E937647A4F18499C3767');
INSERT INTO "ledger_nodes" VALUES(4,2,X'9ECF6839AE16C92A4E82B982EFB86C84E126CBA580FE789F87FB660110225D60');
INSERT INTO "ledger_nodes" VALUES(0,48,X'374322F2C9DB598BE0E207CE278032FBEB5840FE0C64A0F0823E05115C46A9CB');
INSERT INTO "ledger_nodes" VALUES(0,49,X'90BC106D2CF6C6CAE13337A0E9B823FA4FABBA38603885753B3639D654EEE6EA');
INSERT INTO "ledger_nodes" VALUES(1,24,X'A980F17751B774D1D2AD5D7C63C708024DF99FA37DCBE81CA2A6140848206148');
INSERT INTO "ledger_nodes" VALUES(0,50,X'3E8516145414499E9762FBCF5862B85EAACDC77147543CB5C3F850EB896A3FED');
INSERT INTO "ledger_nodes" VALUES(0,51,X'2F8AA64AE3F4DF2DF814B7977158B4E5E5A79B03747DA3B078F0F3579B6B5F60');
INSERT INTO "ledger_nodes" VALUES(1,25,X'D77503A138388B48ABA1DD292AD4E5B51E08B2CEA0B035F2AF11161D539302F2');
INSERT INTO "ledger_nodes" VALUES(2,12,X'D99063B63662EED1F1726FEB0A2F1F145456B27E6FF8E501DC7F2FFF0DC67E78');
INSERT INTO "ledger_nodes" VALUES(0,52,X'186F56E4B11BEFB4890C19F897CF9C70F31A6F62D999FBD4DD728E5253C32D88');
INSERT INTO "ledger_nodes" VALUES(0,53,X'A5A69B36BD11E736496F5753253CB103CC7CC4CDDC2255F1F5AE913B28C4EE40');
INSERT INTO "ledger_nodes" VALUES(1,26,X'CEFB272E6A6F8558597D32ABD4FBB26A339913895FC5CF3A1195CE2F3284D9AA');
INSERT INTO "ledger_nodes" VALUES(0,54,X'9D4636721E324DE572579E7E20B0FF0A955373B6A1F2978B72195B7ADA1BE557');
INSERT INTO "ledger_nodes" VALUES(0,55,X'BE6C1A36126A5124B9B2875343F40577A2012FFDC9D5D59F4AD0E9C8CF9AE37E');
INSERT INTO "ledger_nodes" VALUES(1,27,X'50390BEF0BA503D7B80ADEC2D62C6070D4089AB001B3DF059DA462CAC34FC9F5');
INSERT INTO "ledger_nodes" VALUES(2,13,X'F62B058286CABEA7F4ED506CC3DD39FE48EE5EAC47A05F01FE8F622BF0482055');
INSERT INTO "ledger_nodes" VALUES(3,6,X'AAC464FFE196FEEB73109E670690C4E89DDC63FEF4907202D266D6FC5861E289');
INSERT INTO "ledger_nodes" VALUES(0,56,X'D3BC1A9CD3467D517BA8AAE502E14B92D263857ECFD56D40B53F85420EC6189E');
INSERT INTO "ledger_nodes" VALUES(0,57,X'87ED7E6DD0DEEF88ACFE16CC499202762AAF479DFE9059C82E5EA7991F257A62');
INSERT INTO "ledger_nodes" VALUES(1,28,X'BCC7F0E7DCA2ED01CC1E081E01F8064E4042346B2F77125BE8D5F18BE12923B7');
INSERT INTO "ledger_nodes" VALUES(0,58,X'0F8A4763F9A5CDF8AB1D7B8E48E7E2E9CA7005551777EE456D23551B6D9C9B27');
INSERT INTO "ledger_nodes" VALUES(0,59,X'922E4DF67239F60B53FAC7245F8021D7CBBC1685BEE6EB218FC043D2EF596FE7');
INSERT INTO "ledger_nodes" VALUES(1,29,X'3F2E3F2AFCCA4522B8E4C7E86824F1B9DB15CEE2ABB47BFA066B11D294CCFC68');
INSERT INTO "ledger_nodes" VALUES(2,14,X'DB4D3329B084DDA3EA11835008C84B528C02BE2552310A2E6681409108354289');
INSERT INTO "ledger_nodes" VALUES(0,60,X'0E6B071264C34533ABAE32FC9F16971E50959937ACF45297775683A23E4F30AE');
INSERT INTO "ledger_nodes" VALUES(0,61,X'C6C5A0FAD5A0542B49E4FBD86ACC23DE5768703FC84ADC8853F8641FDBD3BEAD');
INSERT INTO "ledger_nodes" VALUES(1,30,X'5CC4CDD7F6FE3743AD493F87BC5F137E9F41252AC3BDA6803204825A4013C1D5');
INSERT INTO "ledger_nodes" VALUES(0,62,X'11F11D4273F0D50EC787EC03CEB1D1C363988E635F26464182725A75A83C01E6');
INSERT INTO "ledger_nodes" VALUES(0,63,X'C6C78F51D52999F8D1824DFB3113156D81E95D04C1E7071F4B331D4B76F7106F');
INSERT INTO "ledger_nodes" VALUES(1,31,X'70B30477692E198088E9244BD51792D21C41BC3DF81C31BA81442F9D97EF434C');
INSERT INTO "ledger_nodes" VALUES(2,15,X'DF9BC67868F9F5F26325AA84D62B9A7D1036B27C65EB2243D56807DB5FEA03D2');
INSERT INTO "ledger_nodes" VALUES(3,7,X'2597BB9F0DC6DDAC8D913F48649FCC521A1275075EEA1AC45A19C077935C6B4A');
INSERT INTO "ledger_nodes" VALUES(4,3,X'A0446A049A3C482B57C263C1AE2991CCCA7F81EDB9F3BDFCA9407A02C72FE494');
INSERT INTO "ledger_nodes" VALUES(5,1,X'4198A63E88856C0E36DF76A942E091D288CC9DED746502EB61D1273C3C6AD3E3');
INSERT INTO "ledger_nodes" VALUES(6,0,X'F4A566896E29EA8BF8648DCBF67451EEA0F17C871C27B13C84744433165F7C88');
INSERT INTO "ledger_nodes" VALUES(0,64,X'2E3CB7F9D6BB084B275A576FD84C7A2032AE8B45A4459CCABAEE40FDDEDB4F0C');
INSERT INTO "ledger_nodes" VALUES(0,65,X'90FB4AA74B1222A0A48547E223BE651023D060BE32C2CBEC71AC71F6A4C3C648');
INSERT INTO "ledger_nodes" VALUES(1,32,X'A0E7588F24259CD46826F13C3EC843BA55B4C2CC24E4ACCE498B5FED6D4AA496');
INSERT INTO "ledger_nodes" VALUES(0,66,X'9FDEDE74C55FD80B3C78A17483CD612590DB36F007B1C3011D729F9F8EDA9B6A');
INSERT INTO "ledger_nodes" VALUES(0,67,X'1B837EB2C4D14C3970874D8E9725E669DE0C0CD78FC95AB66F149295F997BD59');
INSERT INTO "ledger_nodes" VALUES(1,33,X'D496F9EE3A57B9CABBD0B2F512EE30B2EDE01C77366072CD5CDE88D079FA19E0');
INSERT INTO "ledger_nodes" VALUES(2,16,X'A6571242322AE6E7E42FD7F46FAE7690A4272FFAB08475A0E215340748A67FED');
INSERT INTO "ledger_nodes" VALUES(0,68,X'D30BF177C580E9254EA635A8793260275A37FA4E7BF0D1635B8773B2E0DC8943');
INSERT INTO "ledger_nodes" VALUES(0,69,X'F38C34426CD2499ADDB54EDB563952E5FFD80D1BCE36261218C7EAE1C4C00AA6');
INSERT INTO "ledger_nodes" VALUES(1,34,X'EC466630BCDBB45779E9C6E1DED88A185847B8226D29844E2A76D6D9BAB32B93');
INSERT INTO "ledger_nodes" VALUES(0,70,X'8A45072F90B45766794E44C05E584B715C40FECB9FF04D1AC69E1A4BFB903EDC');
INSERT INTO "ledger_nodes" VALUES(0,71,X'5A976FAF4C9BEB530E2772067D8F8196086AFF874EC9CD5E37112D1651054841');
INSERT INTO "ledger_nodes" VALUES(1,35,X'B7027CF6C05CA19DB89474C57270B13B713A67F85783F7D4745063827979D0E5');
INSERT INTO "ledger_nodes" VALUES(2,17,X'60263FE5ACD9B76C1747ACE9F2D9E25A3191E2BD1A774F3D351534C9DDA6596F');
INSERT INTO "ledger_nodes" VALUES(3,8,X'07EB510CF1A6C8F7D1BFCF29DCC98819D16B3D1702A94C9B1B5BAA2A1509ADD8');
INSERT INTO "ledger_nodes" VALUES(0,72,X'03B02A8E720509402FC7AD992A554B2D1F2E6126D7235BCE38FE1E7536DC2E82');
INSERT INTO "ledger_nodes" VALUES(0,73,X'C39A6C19B0E6F33C0708C0FB9EB726D23FCC09F8A0C5B9364DEC791396C891A3');
INSERT INTO "ledger_nodes" VALUES(1,36,X'BB90398393F4A6B983D95506E905538A3D821A252A8A540FD2E179DD14C63FED');
INSERT INTO "ledger_nodes" VALUES(0,74,X'40E3B0A6713E14B93C1877E525E456D9B4A4F960858237D3EC8A6BC89A940064');
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
INSERT INTO "operation_outputs" VALUES('tiny:a@1',1,'1 Stage append','{"kind": "done", "outcome": {"~": "Done"}, "digest": "38359747647682fda0818f3d01b110e8eda61d72bd7640bbba7a793fa4c5c13c"}',NULL,NULL,1795289040956,1795289040961,'gctrust_json','gctrust',1795289040000);
INSERT INTO "operation_outputs" VALUES('tiny:a@1',2,'2 AppendLine 0','{"kind": "done", "outcome": {"~": "Line", "number": 0, "adopted": false}, "digest": "dd2294e587e02c9b1453c15cd397660d207132615de68f5c4141514e74055f74"}',NULL,NULL,1795289040963,1795289040973,'gctrust_json','gctrust',1795289040000);
INSERT INTO "operation_outputs" VALUES('tiny:a@1',3,'3 Now','{"kind": "done", "outcome": {"~": "Instant", "at": 1800000000.0, "deadline": 1800003600.0, "resumed": 0}, "digest": "4482b97ca3421d30f04a98fd298f0120160e07ab8f5526667608e13b200e41d5"}',NULL,NULL,1795289040974,1795289040976,'gctrust_json','gctrust',1795289040000);
INSERT INTO "operation_outputs" VALUES('tiny:a@1',4,'4 Wait','{"kind": "done", "outcome": {"~": "Woken", "at": 1800000000.0, "signal": null}, "digest": "ae0093d5c6f7504b3cf6b48373966ebb8696ddca4ed5656dbba5afc46ad698a8"}',NULL,NULL,1795289040978,1795289040983,'gctrust_json','gctrust',1795289040000);
INSERT INTO "operation_outputs" VALUES('tiny:a@1',5,'5 Record tiny.done a','{"kind": "done", "outcome": {"~": "Recorded", "entry": 72}, "digest": "b158388a859ec6b84cf7abd1d602fddb711f6ec4a49bbbc09fa8ac26965c2721"}',NULL,NULL,1795289040985,1795289040989,'gctrust_json','gctrust',1795289040000);
INSERT INTO "operation_outputs" VALUES('tiny:a@2',1,'1 Stage append','{"kind": "done", "outcome": {"~": "Done"}, "digest": "38359747647682fda0818f3d01b110e8eda61d72bd7640bbba7a793fa4c5c13c"}',NULL,NULL,1795289041061,1795289041063,'gctrust_json','gctrust',1795289041000);
INSERT INTO "operation_outputs" VALUES('tiny:a@2',2,'2 AppendLine 0','{"kind": "done", "outcome": {"~": "Line", "number": 0, "adopted": true}, "digest": "dd2294e587e02c9b1453c15cd397660d207132615de68f5c4141514e74055f74"}',NULL,NULL,1795289041065,1795289041074,'gctrust_json','gctrust',1795289041000);
INSERT INTO "operation_outputs" VALUES('tiny:a@2',3,'3 Now','{"kind": "done", "outcome": {"~": "Instant", "at": 1800000000.0, "deadline": 1800003600.0, "resumed": 0}, "digest": "4482b97ca3421d30f04a98fd298f0120160e07ab8f5526667608e13b200e41d5"}',NULL,NULL,1795289041075,1795289041077,'gctrust_json','gctrust',1795289041000);
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
	problem TEXT, 
	"end" TEXT, 
	PRIMARY KEY (id), 
	UNIQUE (identity, generation)
);
INSERT INTO "runs" VALUES('tiny:a@1','tiny','tiny:a',1,'{"event":false,"horizon":3600.0,"lines":1,"name":"a","wait":0.0,"~":"TinyOrder"}','succeeded','append','writing lines',NULL,'',1800000000.0,1800000000.0,1800003600.0,1,NULL,NULL,'{"findings":[],"not_judged":[],"status":"succeeded","summary":{"lines":1,"signal":null},"~":"RunEnd"}');
INSERT INTO "runs" VALUES('tiny:a@2','tiny','tiny:a',2,'{"event":false,"horizon":3600.0,"lines":2,"name":"a","wait":50.0,"~":"TinyOrder"}','open','append','writing lines',1800000050.0,'a pause',1800000000.0,NULL,1800003600.0,1,NULL,NULL,NULL);
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
INSERT INTO "signals" VALUES(1,'tiny:a@1','late',1800000000.0,NULL);
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
INSERT INTO "steps" VALUES('tiny:a@1',1,1,'1 Stage append','done','',1800000000.0,1800000000.0,1.21631499860086478292e-03);
INSERT INTO "steps" VALUES('tiny:a@1',2,1,'2 AppendLine 0','done','',1800000000.0,1800000000.0,7.06302499747835099697e-03);
INSERT INTO "steps" VALUES('tiny:a@1',3,1,'3 Now','done','',1800000000.0,1800000000.0,2.69709998974576592445e-05);
INSERT INTO "steps" VALUES('tiny:a@1',4,1,'4 Wait','done','',1800000000.0,1800000000.0,3.5718219987757038325e-03);
INSERT INTO "steps" VALUES('tiny:a@1',5,1,'5 Record tiny.done a','done','',1800000000.0,1800000000.0,2.73026699869660660624e-03);
INSERT INTO "steps" VALUES('tiny:a@2',1,1,'1 Stage append','done','',1800000000.0,1800000000.0,9.90215001365868374705e-04);
INSERT INTO "steps" VALUES('tiny:a@2',2,1,'2 AppendLine 0','done','',1800000000.0,1800000000.0,0.00681287100087502);
INSERT INTO "steps" VALUES('tiny:a@2',3,1,'3 Now','done','',1800000000.0,1800000000.0,2.56189996434841305017e-05);
CREATE TABLE streams (
    workflow_uuid TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    "offset" INTEGER NOT NULL, function_id INTEGER NOT NULL DEFAULT 0, "serialization" TEXT DEFAULT NULL,
    PRIMARY KEY (workflow_uuid, key, "offset"),
    FOREIGN KEY (workflow_uuid) REFERENCES workflow_status(workflow_uuid) 
        ON UPDATE CASCADE ON DELETE CASCADE
);
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
INSERT INTO "workflow_input" VALUES('tiny:a@1','{"args": ["tiny:a@1"], "kwargs": {}}',1795289040000);
INSERT INTO "workflow_input" VALUES('tiny:a@2','{"args": ["tiny:a@2"], "kwargs": {}}',1795289041000);
CREATE TABLE workflow_output (
    workflow_uuid TEXT NOT NULL PRIMARY KEY,
    output TEXT,
    error TEXT,
    retention_timestamp INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000)
);
INSERT INTO "workflow_output" VALUES('tiny:a@1','"succeeded"',NULL,1795289040000);
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
INSERT INTO "workflow_status" VALUES('tiny:a@1','SUCCESS','gctrust.run',NULL,NULL,NULL,NULL,NULL,NULL,'test-4bcf12b31492-1',1795289040000,1795289040000,'gctrust-1','',NULL,NULL,1,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,'gctrust_json',NULL,0,0,1795289040000,'null',NULL,NULL,0,'gctrust','23ca243c-08b2-4443-ab7a-2cc5e7fda6b2');
INSERT INTO "workflow_status" VALUES('tiny:a@2','PENDING','gctrust.run',NULL,NULL,NULL,NULL,NULL,NULL,'test-4bcf12b31492-1',1795289041000,1795289041000,'gctrust-1','',NULL,NULL,1,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,'c66b514e-9cfc-42ea-937b-b758cf572a45',NULL,'gctrust_json',NULL,0,0,NULL,'null',NULL,NULL,0,'gctrust','c66b514e-9cfc-42ea-937b-b758cf572a45');
CREATE UNIQUE INDEX runs_open ON runs (identity) WHERE ended IS NULL;
CREATE INDEX ix_ledger_entity ON ledger (entity);
CREATE INDEX ix_ledger_run ON ledger (run);
CREATE INDEX ix_signals_run ON signals (run);
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
