/* `curfew hosts`: who the hosts are, from sources that no sensor sees. */

#include "cli/front/cmd.h"

#include "base/instant.h"
#include "cli/front/options.h"
#include "cli/front/paths.h"
#include "image/image.h"
#include "monitor/hosts/leases.h"
#include "records/write/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define US_PER_S INT64_C(1000000)

struct import {
	struct cli_paths paths;
	const char *hits, *image, *sensor;
	enum cf_lease_format format;
	int64_t at_wall_s; /* nothing is known later than this */
	uint16_t vlan;
	struct cf_log *log;
	struct cf_producer *producer;
	unsigned written;
};

static const char help[] =
    "usage: curfew hosts import [options] LEASES...\n"
    "\n"
    "Writes who had which address, from a DHCP server's lease file, into a hit log, where\n"
    "the ledger finds it: ISC dhcpd, Kea (memfile CSV), dnsmasq.\n"
    "\n"
    "  -o, --hits FILE      the hit log to write; '-' is stdout\n"
    "  -f, --format FORMAT  isc-dhcpd, kea or dnsmasq, when the file does not show it\n"
    "  -s, --sensor NAME    the name of the source in the log (leases)\n"
    "      --vlan ID        the VLAN the leases are of\n"
    "  -a, --at TIME        as if it were TIME: leases are known to hold until then\n"
    "  -i, --image FILE     the image whose privacy settings are kept to\n"
    "\n"
    "exit: 0 done, 1 some lines were left out, 2 usage, 3 unknown format, 4 cannot read or "
    "write\n";

static void on_lease(void *arg, const struct cf_lease *lease)
{
	struct import *import = arg;
	int64_t to_wall_s =
	    lease->to_wall_s < import->at_wall_s ? lease->to_wall_s : import->at_wall_s;
	/* Without a beginning, all that is known is the moment of reading (or of the end). */
	int64_t from_wall_s = lease->from_wall_s == 0 ? to_wall_s : lease->from_wall_s;
	struct cf_identity identity = {
	    .from_wall_us = from_wall_s * US_PER_S,
	    .to_wall_us = to_wall_s * US_PER_S,
	    .addr = lease->addr,
	    .has_mac = lease->has_mac,
	    .vlan = import->vlan,
	    .kind = "lease",
	    .name = {.data = lease->name, .len = strlen(lease->name)},
	    .client_id = {.data = (const char *)lease->client_id, .len = lease->client_id_bytes},
	};

	if (from_wall_s > to_wall_s)
		return; /* begins after the moment asked about */
	memcpy(identity.mac, lease->mac, 6);
	if (cf_producer_identity(import->producer, &identity))
		import->written++;
}

/* Maps or reads the file; CMD_OK, CMD_FOUND with lines left out, or trouble, which is printed. */
static int import_file(struct import *import, const char *path)
{
	struct cf_leases_report report = {.leases = 0};
	struct stat info;
	void *map = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC), result = CMD_IO;
	enum cf_status status = CF_OK;

	if (fd < 0 || fstat(fd, &info) != 0) {
		fprintf(stderr, "curfew: cannot read '%s': %s\n", path, strerror(errno));
		goto out;
	}
	if (info.st_size > 0) {
		map = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (map == MAP_FAILED) {
			map = NULL;
			fprintf(stderr, "curfew: cannot read '%s': %s\n", path, strerror(errno));
			goto out;
		}
	}
	status = cf_leases_read(
	    (struct cf_slice){.data = map, .len = map == NULL ? 0 : (size_t)info.st_size},
	    import->format, on_lease, import, &report);
	if (status != CF_OK) {
		fprintf(stderr, "curfew: cannot tell the format of '%s'; give it with --format\n",
		    path);
		result = CMD_INVALID;
		goto out;
	}
	fprintf(stderr, "%s: %s, %u leases, %u not in use\n", path,
	    cf_lease_format_text(report.format), report.leases, report.ignored);
	if (report.bad > 0)
		fprintf(stderr, "curfew: %s:%u: %s; %u such places left out\n", path,
		    report.first_bad_line, report.first_bad_reason, report.bad);
	result = report.bad > 0 ? CMD_FOUND : CMD_OK;
out:
	if (map != NULL)
		munmap(map, (size_t)info.st_size);
	if (fd >= 0)
		close(fd);
	return result;
}

static bool take_format(void *place, const struct cli_given *given)
{
	enum cf_lease_format *format = place;

	*format = cf_lease_format_parse(given->value);
	if (*format == CF_LEASES_AUTO)
		fprintf(stderr, "curfew: no lease format '%.40s'\n", given->value);
	return *format != CF_LEASES_AUTO;
}

static bool take_vlan(void *place, const struct cli_given *given)
{
	uint16_t *vlan = place;
	char *end = NULL;
	unsigned long number = strtoul(given->value, &end, 10);

	if (*end != '\0' || number == 0 || number > 4094) {
		fprintf(stderr, "curfew: no VLAN '%.40s'\n", given->value);
		return false;
	}
	*vlan = (uint16_t)number;
	return true;
}

static const struct cli_option options[] = {
    CLI_WORD("hits", 'o', struct import, hits),
    CLI_VALUE("format", 'f', struct import, format, take_format),
    CLI_WORD("sensor", 's', struct import, sensor),
    CLI_VALUE("vlan", 0, struct import, vlan, take_vlan),
    CLI_VALUE("at", 'a', struct import, at_wall_s, cli_take_instant),
    CLI_WORD("image", 'i', struct import, image),
    CLI_OPTIONS_END,
};

/* Privacy is the policy's: pseudonyms in the sensors' logs, pseudonyms here. */
static enum cf_status open_log(struct import *import, struct cf_error *error)
{
	struct cf_image *image = NULL;
	struct cf_log_options log_options = {.path = import->hits,
	    .sensor = import->sensor,
	    .source = "monitor",
	    .privacy = "full",
	    .privacy_key_file = "",
	    .synchronous = true};
	enum cf_status status;

	if (access(import->image, F_OK) == 0) {
		status = cf_image_open(import->image, &image, error);
		if (status != CF_OK)
			return status;
		log_options.privacy = cf_image_info(image)->privacy;
		log_options.privacy_key_file = cf_image_info(image)->privacy_key_file;
		if (log_options.path == NULL && cf_image_info(image)->log_path[0] != '\0')
			log_options.path = cf_image_info(image)->log_path;
	}
	if (log_options.path == NULL)
		log_options.path = import->paths.log;
	status = cf_log_open(&log_options, &import->log, error);
	if (status == CF_OK) {
		cf_log_pump(import->log, import->at_wall_s * US_PER_S);
		import->producer = cf_log_producer(import->log);
	}
	cf_image_close(image);
	if (status == CF_OK && import->producer == NULL)
		return cf_error_set(error, CF_ENOMEM, "cannot start the hit log: no memory");
	return status;
}

static int run_import(struct import *import, char **files)
{
	struct cf_error error = {.status = CF_OK};
	struct cf_log_stats stats;
	int result = CMD_OK;

	if (open_log(import, &error) != CF_OK) {
		fprintf(stderr, "curfew: %s\n", error.text);
		cf_log_close(import->log);
		return error.status == CF_EIO || error.status == CF_ENOMEM ? CMD_IO : CMD_INVALID;
	}
	for (; *files != NULL; files++) {
		int one = import_file(import, *files);

		if (one > result)
			result = one;
	}
	cf_log_pump(import->log, import->at_wall_s * US_PER_S);
	cf_log_stats(import->log, &stats);
	cf_log_close(import->log);
	if (stats.degraded || stats.lost_disk > 0 || stats.lost_queue > 0) {
		fputs("curfew: the hit log could not be written\n", stderr);
		return CMD_IO;
	}
	fprintf(stderr, "%u identities written\n", import->written);
	return result;
}

int cmd_hosts(int argc, char **argv)
{
	struct import import = {
	    .sensor = "leases", .format = CF_LEASES_AUTO, .at_wall_s = (int64_t)time(NULL)};
	int code;

	if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		fputs(help, stdout);
		return CMD_OK;
	}
	if (argc < 2 || strcmp(argv[1], "import") != 0) {
		fputs(help, stderr);
		return CMD_USAGE;
	}
	cli_paths_default(&import.paths);
	import.image = import.paths.image;
	if (!cli_options_read(options, "hosts import", help, &import, argc - 1, argv + 1, &code))
		return code;
	if (optind == argc - 1) {
		fputs(help, stderr);
		return CMD_USAGE;
	}
	return run_import(&import, argv + 1 + optind);
}
