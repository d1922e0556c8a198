/*
 * fleet/collect/client_name.h in a real handshake: certificates made on the spot with openssl(1) -
 * right, of another sensor, expired, of a foreign authority, for servers only, and none - and a
 * shipper that does not believe the collector.
 */

#include "fleet/collect/client_name.h"

#include "fleet/collect/collector.h"
#include "fleet/ship/shipper.h"
#include "fleet_log.h"
#include "gate_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/fleet-tls-XXXXXX";

static const char script[] =
    "set -e; cd \"$1\"\n"
    "ca() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30"
    " -subj \"/CN=$1\" -keyout $1.key -out $1.pem; }\n"
    "leaf() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj \"/CN=$3\""
    " -keyout $1.key -out $1.csr\n"
    " printf '%b' \"$4\" >$1.ext\n"
    " openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key -CAcreateserial -days ${5:-30}"
    " -extfile $1.ext -out $1.pem; }\n"
    "client='extendedKeyUsage=clientAuth\\n'\n"
    "ca ca; ca foreign\n"
    "leaf server ca collector 'extendedKeyUsage=serverAuth\\nsubjectAltName=IP:127.0.0.1\\n'\n"
    "leaf good ca edge-01 \"$client\"\n"
    "leaf named ca somebody \"${client}subjectAltName=DNS:x,DNS:edge-01\\n\"\n"
    "leaf hidden ca edge-01 \"${client}subjectAltName=DNS:edge-02\\n\"\n"
    "leaf wrong ca edge-02 \"$client\"\n"
    "leaf stranger foreign edge-01 \"$client\"\n"
    "leaf serving ca edge-01 'extendedKeyUsage=serverAuth\\n'\n"
    "leaf expired ca edge-01 \"$client\" -1\n";

static int make_certificates(void **state)
{
	char command[8192];

	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(command, sizeof command, "%s/make", dir);
	FILE *file = fopen(command, "w");

	if (file == NULL || fputs(script, file) < 0 || fclose(file) != 0)
		return -1;
	(void)snprintf(
	    command, sizeof command, "sh %s/make %s >%s/openssl.out 2>&1", dir, dir, dir);
	return system(command) == 0 ? 0 : -1;
}

static int remove_certificates(void **state)
{
	char command[128];

	(void)state;
	(void)snprintf(command, sizeof command, "rm -r %s", dir);
	return system(command);
}

/* The caller's. */
static char *read_text(const char *name)
{
	char path[128], *text = calloc(1, 16384);
	FILE *file;

	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_non_null(text);
	assert_true(fread(text, 1, 16383, file) > 0);
	fclose(file);
	return text;
}

struct heard {
	char said[4096], told[4096];
};

static void on_say(void *arg, const char *text)
{
	struct heard *heard = arg;

	(void)snprintf(heard->said + strlen(heard->said), sizeof heard->said - strlen(heard->said),
	    "%s\n", text);
}

static void on_told(void *arg, const char *text)
{
	struct heard *heard = arg;

	(void)snprintf(heard->told + strlen(heard->told), sizeof heard->told - strlen(heard->told),
	    "%s\n", text);
}

static volatile int stop;

/* One that is never answered would try for long. */
static void on_report(void *arg, const struct cf_ship_report *report)
{
	(void)arg;
	stop = report->trouble[0] != '\0';
}

static enum cf_status ship_as(
    const char *client, const char *ca, const char *url, struct heard *heard)
{
	char log[128], certificate[128], key[128], believed[128];
	const char *logs[] = {log};
	struct cf_error error = {.text = ""};
	struct cf_shipper_options options = {.logs = logs,
	    .log_count = 1,
	    .carrier = {.urls = &url, .url_count = 1, .ca = believed},
	    .once = true,
	    .stop = &stop,
	    .say = on_say,
	    .report = on_report,
	    .arg = heard};

	stop = 0;
	(void)snprintf(log, sizeof log, "%s/hits.jsonl", dir);
	(void)snprintf(believed, sizeof believed, "%s/%s.pem", dir, ca);
	if (client != NULL) {
		(void)snprintf(certificate, sizeof certificate, "%s/%s.pem", dir, client);
		(void)snprintf(key, sizeof key, "%s/%s.key", dir, client);
		options.carrier.certificate = certificate;
		options.carrier.key = key;
	}
	heard->said[0] = heard->told[0] = '\0';
	return cf_shipper_run(&options, &error);
}

static void only_the_sensor_itself_gets_through(void **state)
{
	static const struct {
		const char *client, *ca, *said;
		bool passes;
	} tries[] = {
	    {"good", "ca", "", true},
	    {"named", "ca", "", true},
	    {"hidden", "ca", "not that of this sensor", false},
	    {"wrong", "ca", "not that of this sensor", false},
	    {"expired", "ca", "expired", false},
	    {"stranger", "ca", "", false},
	    {"serving", "ca", "", false},
	    {NULL, "ca", "no client certificate", false},
	    {"good", "foreign", "certificate", false},
	};
	static struct gate_memory memory;
	char *certificate = read_text("server.pem"), *key = read_text("server.key");
	char *ca = read_text("ca.pem"), log[128], url[64];
	struct heard heard;
	const struct cf_collector_options options = {.listen = "127.0.0.1:0",
	    .names = CF_COLLECTOR_TLS,
	    .certificate = certificate,
	    .key = key,
	    .client_ca = ca,
	    .say = on_told,
	    .arg = &heard,
	    .gate = gate_memory_gate(&memory)};
	struct cf_collector *collector;
	struct cf_error error;

	(void)state;
	(void)snprintf(log, sizeof log, "%s/hits.jsonl", dir);
	fleet_log_write(log, "edge-01", "resolver", 0, 2, true);
	for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
		gate_memory_init(&memory);
		assert_int_equal(cf_collector_start(&options, &collector, &error), CF_OK);
		(void)snprintf(
		    url, sizeof url, "https://127.0.0.1:%u", cf_collector_port(collector));
		enum cf_status status = ship_as(tries[i].client, tries[i].ca, url, &heard);
		const struct gate_writer *writer = gate_memory_find(&memory, "edge-01", "resolver");
		bool passed = writer != NULL && writer->seq >= 2;

		if (passed != tries[i].passes || (passed && status != CF_OK) ||
		    strstr(heard.said, tries[i].said) == NULL)
			fail_msg("%s, believing %s: %d\nshipper: %scollector: %s",
			    tries[i].client == NULL ? "nobody" : tries[i].client, tries[i].ca,
			    (int)status, heard.said, heard.told);
		cf_collector_stop(collector);
		gate_memory_done(&memory);
	}
	free(certificate);
	free(key);
	free(ca);
}

static void a_certificate_in_a_header_is_read(void **state)
{
	char *pem = read_text("named.pem"), escaped[8192];
	struct cf_error error;
	size_t len = 0;

	(void)state;
	for (const char *at = pem; *at != '\0'; at++)
		len += (size_t)snprintf(escaped + len, sizeof escaped - len,
		    strchr("\n +/=", *at) != NULL ? "%%%02X" : "%c", (unsigned char)*at);
	assert_int_equal(cf_client_check_escaped(escaped, "edge-01", &error), CF_OK);
	assert_int_equal(cf_client_check_escaped(escaped, "somebody", &error), CF_EINVALID);
	assert_int_equal(cf_client_check_escaped(escaped, "edge-0", &error), CF_EINVALID);
	escaped[len / 2] = '\0';
	assert_int_equal(cf_client_check_escaped(escaped, "edge-01", &error), CF_EINVALID);
	assert_int_equal(cf_client_check_escaped("%", "edge-01", &error), CF_EINVALID);
	free(pem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_the_sensor_itself_gets_through),
	    cmocka_unit_test(a_certificate_in_a_header_is_read),
	};

	return cmocka_run_group_tests(tests, make_certificates, remove_certificates);
}
