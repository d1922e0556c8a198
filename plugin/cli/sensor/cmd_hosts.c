/* `curfew hosts`: who the hosts are, from sources that no sensor sees. */

#include "cli/front/cmd.h"

#include "base/instant.h"
#include "cli/front/options.h"
#include "cli/front/paths.h"
#include "image/image.h"
#include "monitor/leases/leases.h"
#include "records/form/identity.h"
#include "records/write/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
	bool is_over = lease->to_wall_s <= import->at_wall_s;
	int64_t to_wall_s = is_over ? lease->to_wall_s : import->at_wall_s;
	/* Without a beginning, all that is known is the moment of reading (or of the end). */
	int64_t from_wall_s = lease->from_wall_s == 0 ? to_wall_s : lease->from_wall_s;
	struct cf_identity identity = {
	    .from_wall_us = from_wall_s * US_PER_S,
	    .to_wall_us = to_wall_s * US_PER_S,
	    .addr = lease->addr,
	    .has_mac = lease->has_mac,
	    .vlan = import->vlan,
	    .kind = "lease",
	    .end = is_over ? cf_identity_end_text((enum cf_identity_end)lease->end) : NULL,
	    .name = {.data = lease->name, .len = strlen(lease->name)},
	    .client_id = {.data = (const char *)lease->client_id, .len = lease->client_id_bytes},
	};

	if (from_wall_s > to_wall_s)
		return; /* begins after the moment asked about */
	memcpy(identity.mac, lease->mac, 6);
	if (cf_producer_identity(import->producer, &identity))
		import->written++;
}

/* A file as it was in one piece; bytes of none are NULL. */
struct lease_text {
	uint8_t *bytes;
	size_t len;
};

/* Its content in memory, not mapped: the server goes on writing. False, with errno. */
static bool read_all(int fd, size_t size, struct lease_text *text)
{
	ssize_t got = 1;

	text->bytes = malloc(size + 1);
	if (text->bytes == NULL)
		return false;
	while (text->len < size && got > 0) {
		got = read(fd, text->bytes + text->len, size - text->len);
		if (got > 0)
			text->len += (size_t)got;
		else if (got < 0 && errno == EINTR)
			got = 1;
	}
	return got >= 0;
}

/* False, with errno: ENOENT is for the caller to judge. Free text->bytes in any case. */
static bool read_text(const char *path, struct lease_text *text)
{
	/* A FIFO must not hold us up, and no device is a lease file. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), saved;
	struct stat info;
	bool good = false;

	*text = (struct lease_text){.bytes = NULL};
	if (fd < 0)
		return false;
	if (fstat(fd, &info) != 0)
		good = false;
	else if (!S_ISREG(info.st_mode))
		errno = EINVAL;
	else if (info.st_size > CF_LEASE_FILE_BYTES)
		errno = EFBIG;
	else
		good = read_all(fd, (size_t)info.st_size, text);
	saved = errno;
	close(fd);
	errno = saved;
	return good;
}

static void cannot_read(const char *path)
{
	fprintf(stderr, "curfew: cannot read '%s': %s\n", path,
	    errno == EINVAL ? "no regular file" : strerror(errno));
}

/* The files of one journal, while they are read. */
struct lease_set {
	struct cf_leases *leases;
	const char *path;
	enum cf_lease_format format;
	unsigned siblings;
};

/* Takes the file in, if it is there; *taken_out says so. CMD_OK, or trouble, which is printed. */
static int take_sibling(struct lease_set *set, const char *suffix, bool *taken_out)
{
	char path[PATH_MAX];
	struct lease_text text;
	int result = CMD_OK;

	*taken_out = false;
	if ((size_t)snprintf(path, sizeof path, "%s%s", set->path, suffix) >= sizeof path)
		return CMD_OK;
	if (!read_text(path, &text)) {
		if (errno != ENOENT) {
			cannot_read(path);
			result = CMD_IO;
		}
	} else {
		*taken_out = true;
		set->siblings++;
		if (cf_leases_take(set->leases,
		        (struct cf_slice){.data = text.bytes, .len = text.len},
		        CF_LEASES_KEA) != CF_OK) {
			fputs("curfew: no memory\n", stderr);
			result = CMD_IO;
		}
	}
	free(text.bytes);
	return result;
}

/*
 * Kea moves its file to .1 and begins another, while its clean-up makes .output of .2 and .1, then
 * .completed, then .2. What is whole, oldest first, is read as Kea does when it starts
 * (Memfile_LeaseMgr::loadLeasesFromFiles): .completed, or .2 and .1 where that is not there.
 */
static int take_kea_siblings(struct lease_set *set)
{
	bool taken;
	int result = take_sibling(set, ".completed", &taken);

	if (taken || result != CMD_OK)
		return result;
	result = take_sibling(set, ".2", &taken);
	return result == CMD_OK ? take_sibling(set, ".1", &taken) : result;
}

static int take_set(struct lease_set *set, const struct lease_text *text)
{
	struct cf_slice bytes = {.data = text->bytes, .len = text->len};
	enum cf_lease_format format = set->format;
	enum cf_status status;
	int result = CMD_OK;

	if (format == CF_LEASES_AUTO)
		format = cf_leases_guess(bytes);
	/* Just after Kea moved its file, the new one is empty. */
	if (format == CF_LEASES_KEA || (format == CF_LEASES_AUTO && text->len == 0))
		result = take_kea_siblings(set);
	if (result != CMD_OK)
		return result;
	status = cf_leases_take(set->leases, bytes, format);
	if (status == CF_OK)
		return CMD_OK;
	if (status == CF_EUNSUPPORTED) {
		fprintf(stderr, "curfew: cannot tell the format of '%s'; give it with --format\n",
		    set->path);
		return CMD_INVALID;
	}
	fputs("curfew: no memory\n", stderr);
	return CMD_IO;
}

/* CMD_OK, or CMD_FOUND when lines were left out or nothing was found at all. */
static int tell(const struct lease_set *set, const struct cf_leases_report *report)
{
	fprintf(stderr, "%s: %s, %u leases, %u rows without", set->path,
	    cf_lease_format_text(report->format), report->leases, report->ignored);
	if (set->siblings > 0)
		fprintf(stderr, ", with %u files that Kea set aside", set->siblings);
	putc('\n', stderr);
	if (report->bad == 0)
		return CMD_OK;
	fprintf(stderr, "curfew: %s:%u: %s; %u such places left out\n", set->path,
	    report->first_bad_line, report->first_bad_reason, report->bad);
	return CMD_FOUND;
}

/* CMD_OK, CMD_FOUND with lines left out, or trouble, which is printed. */
static int import_file(struct import *import, const char *path)
{
	struct lease_set set = {.path = path, .format = import->format};
	struct cf_leases_report report;
	struct lease_text text;
	int result = CMD_IO;

	if (!read_text(path, &text)) {
		cannot_read(path);
	} else if (cf_leases_new(on_lease, import, &set.leases) != CF_OK) {
		fputs("curfew: no memory\n", stderr);
	} else {
		result = take_set(&set, &text);
		if (result == CMD_OK) {
			cf_leases_finish(set.leases, &report);
			result = tell(&set, &report);
		}
	}
	cf_leases_free(set.leases);
	free(text.bytes);
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
