/* libmaxminddb, behind two functions. */

#include "monitor/evidence/asn.h"

#include "base/file_writer.h"
#include "base/input_file.h"
#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct cf_asn_db {
	MMDB_s mmdb;
};

/* Copies what is left of from; false with errno. */
static bool copy_bytes(int from, int to)
{
	char bytes[65536];
	uint64_t total = 0;
	ssize_t got;

	while ((got = read(from, bytes, sizeof bytes)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return false;
		total += (uint64_t)got;
		if (total > CF_MMDB_BYTES) {
			errno = EFBIG;
			return false;
		}
		if (!cf_write_all(to, bytes, (size_t)got))
			return false;
	}
	return true;
}

/*
 * A copy of the file in memory that nobody else can change. libmaxminddb maps the file it is given,
 * and a map of a file that is rewritten in place (geoipupdate, cp) ends the process by SIGBUS, or
 * leads the look-up astray (libmaxminddb#256). Sealed, and opened by its number.
 */
static enum cf_status copy_file(const char *path, int *fd_out, struct cf_error *error)
{
	int from = -1, to;
	enum cf_status status = cf_input_open(path, &from, error);

	if (status != CF_OK)
		return status;
	to = memfd_create("curfew-asn", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (to < 0 || !copy_bytes(from, to)) {
		status = cf_error_set(
		    error, CF_EIO, "cannot read AS database '%s': %s", path, strerror(errno));
		if (to >= 0)
			(void)close(to); /* nothing of use is in it */
	} else {
		(void)fcntl(
		    to, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE); /* a guard */
		*fd_out = to;
	}
	(void)close(from); /* only read from */
	return status;
}

/* libmaxminddb opens by path only. */
static int open_mmdb(int fd, MMDB_s *mmdb)
{
	char path[32];

	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd); /* fits */
	return MMDB_open(path, MMDB_MODE_MMAP, mmdb);
}

enum cf_status cf_asn_open(const char *path, struct cf_asn_db **db_out, struct cf_error *error)
{
	struct cf_asn_db *db = calloc(1, sizeof *db);
	int status, fd = -1;

	if (db == NULL)
		return cf_error_set(
		    error, CF_ENOMEM, "cannot open AS database '%s': no memory", path);
	if (copy_file(path, &fd, error) != CF_OK) {
		free(db);
		return error->status;
	}
	status = open_mmdb(fd, &db->mmdb);
	(void)close(fd); /* the map holds it */
	if (status != MMDB_SUCCESS) {
		free(db);
		return cf_error_set(error,
		    status == MMDB_FILE_OPEN_ERROR || status == MMDB_IO_ERROR ? CF_EIO
		                                                              : CF_EMALFORMED,
		    "cannot open AS database '%s': %s", path, MMDB_strerror(status));
	}
	if (db->mmdb.metadata.database_type == NULL ||
	    strcasestr(db->mmdb.metadata.database_type, "asn") == NULL) {
		cf_asn_close(db);
		return cf_error_set(error, CF_EMALFORMED,
		    "'%s' is not a database of AS numbers (its type does not say ASN)", path);
	}
	*db_out = db;
	return CF_OK;
}

void cf_asn_close(struct cf_asn_db *db)
{
	if (db == NULL)
		return;
	MMDB_close(&db->mmdb);
	free(db);
}

static MMDB_lookup_result_s look_up(
    const struct cf_asn_db *db, const struct cf_addr *addr, int *status_out)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

	if (addr->family == CF_FAMILY_V4) {
		memcpy(&v4.sin_addr, addr->bytes, 4);
		return MMDB_lookup_sockaddr(
		    &db->mmdb, (const struct sockaddr *)(const void *)&v4, status_out);
	}
	memcpy(&v6.sin6_addr, addr->bytes, 16);
	return MMDB_lookup_sockaddr(
	    &db->mmdb, (const struct sockaddr *)(const void *)&v6, status_out);
}

bool cf_asn_find(const struct cf_asn_db *db, const struct cf_addr *addr, uint32_t *asn_out,
    char org[CF_ASN_ORG_BYTES])
{
	MMDB_lookup_result_s found;
	MMDB_entry_data_s data;
	int status = MMDB_SUCCESS;

	if (addr->family == CF_FAMILY_NONE)
		return false;
	found = look_up(db, addr, &status);
	if (status != MMDB_SUCCESS || !found.found_entry ||
	    MMDB_get_value(&found.entry, &data, "autonomous_system_number", NULL) != MMDB_SUCCESS ||
	    !data.has_data || data.type != MMDB_DATA_TYPE_UINT32)
		return false;
	*asn_out = data.uint32;
	if (org == NULL)
		return true;
	org[0] = '\0';
	if (MMDB_get_value(&found.entry, &data, "autonomous_system_organization", NULL) ==
	        MMDB_SUCCESS &&
	    data.has_data && data.type == MMDB_DATA_TYPE_UTF8_STRING) {
		size_t len =
		    data.data_size < CF_ASN_ORG_BYTES - 1 ? data.data_size : CF_ASN_ORG_BYTES - 1;

		memcpy(org, data.utf8_string, len);
		org[len] = '\0';
	}
	return true;
}
