/*
 * Logs of a network as large as asked for, as the writer writes them: what the ledger's figures by
 * the host are taken from (bench/hosts).
 *
 *   bench-hostlog -n HOSTS -d FOLDER
 *
 * FOLDER/hits.jsonl has one blocked look-up of each host, told by a resolver; FOLDER/names.jsonl
 * one DHCP lease of each, with MAC, name and client id, told by a monitor. Both span one day,
 * sealed by heartbeats.
 */
#include "made_host.h"
#include "sample_hit.h"

#include "records/form/pack.h"
#include "records/write/writer.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define START_US INT64_C(1727740800000000) /* 2024-10-01 */
#define DAY_US   INT64_C(86000000000)
#define BATCH    16

static void pack_hit(unsigned long host, int64_t at_us, void *out)
{
	const struct cf_hit hit = bench_sample_hit(at_us, addr_of(host), host + 1);

	(void)cf_pack_hit(&hit, out); /* its size is in its head */
}

static void pack_name(unsigned long host, int64_t at_us, void *out)
{
	const struct cf_addr addr = addr_of(host);
	char name[24];
	char client[] = {1, 0, 0x1b, 0x21, (char)(host >> 16), (char)(host >> 8), (char)host};
	struct cf_identity identity = {.from_wall_us = at_us,
	    .to_wall_us = at_us,
	    .addr = addr,
	    .has_mac = true,
	    .in_iface = "eth0",
	    .kind = "dhcp",
	    .client_id = {.data = client, .len = sizeof client}};

	memcpy(identity.mac, client + 1, sizeof identity.mac);
	identity.name.data = name;
	identity.name.len = (size_t)snprintf(name, sizeof name, "pc-%07lu", host);
	(void)cf_pack_identity(&identity, out);
}

static void write_log(const char *path, const char *source, unsigned long hosts,
    void (*pack)(unsigned long host, int64_t at_us, void *out))
{
	const struct cf_log_options options = {.path = path, .sensor = "edge-01", .source = source};
	static struct cf_writer writer;
	_Alignas(8) static uint8_t packed[BATCH][CF_RECORD_PACKED_BYTES];
	const struct cf_packed *records[BATCH];
	int64_t now = START_US;

	(void)unlink(path); /* may not be there */
	if (cf_writer_init(&writer, &options, NULL) != CF_OK)
		die("writer");
	cf_writer_start(&writer, now, now);
	for (unsigned long done = 0; done < hosts;) {
		unsigned count = hosts - done < BATCH ? (unsigned)(hosts - done) : BATCH;

		for (unsigned i = 0; i < count; i++) {
			pack(done + i, now, packed[i]);
			records[i] = (const struct cf_packed *)(const void *)packed[i];
		}
		cf_writer_take(&writer, records, count);
		done += count;
		now = START_US + (int64_t)((double)DAY_US * (double)done / (double)hosts);
		cf_writer_tick(&writer, now, now);
	}
	cf_writer_stop(&writer, now, now);
	cf_writer_done(&writer);
}

int main(int argc, char **argv)
{
	unsigned long hosts = 100000;
	const char *folder = ".";
	char hits[4096], names[4096];
	int option;

	while ((option = getopt(argc, argv, "n:d:")) != -1) {
		if (option == 'n')
			hosts = strtoul(optarg, NULL, 10);
		else if (option == 'd')
			folder = optarg;
		else
			return 2;
	}
	if (hosts == 0 || hosts > 10000000 ||
	    (size_t)snprintf(hits, sizeof hits, "%s/hits.jsonl", folder) >= sizeof hits ||
	    (size_t)snprintf(names, sizeof names, "%s/names.jsonl", folder) >= sizeof names)
		return 2;
	write_log(hits, "resolver", hosts, pack_hit);
	write_log(names, "monitor", hosts, pack_name);
	return 0;
}
