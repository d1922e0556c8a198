/* Files by open(2), the rest by libcurl. */

#include "trust/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef CF_HAVE_CURL
#include <curl/curl.h>
#endif

/* Reads an open regular file whole. */
static enum cf_status read_open(struct cf_fetch *fetch, int fd, struct cf_error *error)
{
	struct stat about;
	size_t len = 0;
	ssize_t got = 1;

	if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode))
		return cf_error_set(error, CF_EINVALID, "'%s' is no regular file", fetch->place);
	if ((uintmax_t)about.st_size > fetch->most_bytes)
		return cf_error_set(
		    error, CF_ETOOBIG, "'%s' has over %zu bytes", fetch->place, fetch->most_bytes);
	fetch->data = malloc((size_t)about.st_size + 1);
	if (fetch->data == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory for '%s'", fetch->place);
	while (len < (size_t)about.st_size && got > 0) {
		got = read(fd, fetch->data + len, (size_t)about.st_size - len);
		len += got > 0 ? (size_t)got : 0;
	}
	if (got < 0) {
		free(fetch->data);
		fetch->data = NULL;
		return cf_error_set(
		    error, CF_EIO, "cannot read '%s': %s", fetch->place, strerror(errno));
	}
	fetch->len = len;
	return CF_OK;
}

static enum cf_status fetch_file(struct cf_fetch *fetch, const char *path, struct cf_error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	enum cf_status status;

	if (fd < 0)
		return cf_error_set(
		    error, CF_EIO, "cannot read '%s': %s", fetch->place, strerror(errno));
	fetch->tag[0] = '\0';
	status = read_open(fetch, fd, error);
	(void)close(fd); /* only read */
	return status;
}

#ifdef CF_HAVE_CURL

/* What a transfer fills. */
struct transfer {
	struct cf_fetch *fetch;
	size_t size;
	bool too_big;
	char tag[CF_FETCH_TAG_BYTES];
};

static size_t take_data(char *bytes, size_t one, size_t len, void *context)
{
	struct transfer *transfer = context;
	struct cf_fetch *fetch = transfer->fetch;

	(void)one; /* always 1, says libcurl */
	if (len > fetch->most_bytes - fetch->len) {
		transfer->too_big = true;
		return 0;
	}
	if (len > transfer->size - fetch->len) {
		size_t size = transfer->size == 0 ? 65536 : transfer->size;
		uint8_t *data;

		while (size - fetch->len < len)
			size *= 2;
		data = realloc(fetch->data, size);
		if (data == NULL)
			return 0;
		fetch->data = data;
		transfer->size = size;
	}
	memcpy(fetch->data + fetch->len, bytes, len);
	fetch->len += len;
	return len;
}

static size_t take_header(char *bytes, size_t one, size_t len, void *context)
{
	struct transfer *transfer = context;

	(void)one; /* always 1, says libcurl */
	cf_fetch_take_tag(bytes, len, transfer->tag);
	return len;
}

static struct curl_slist *condition(const struct cf_fetch *fetch)
{
	char line[CF_FETCH_TAG_BYTES + 32];

	if (fetch->tag[0] == '\0' || strpbrk(fetch->tag, "\r\n") != NULL)
		return NULL;
	(void)snprintf(line, sizeof line, "If-None-Match: %s", fetch->tag); /* fits */
	return curl_slist_append(NULL, line);
}

static bool set_up(CURL *curl, const struct cf_fetch *fetch, struct transfer *transfer,
    struct curl_slist *headers, char text[CURL_ERROR_SIZE])
{
	bool ok = curl_easy_setopt(curl, CURLOPT_URL, fetch->place) == CURLE_OK &&
	    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK &&
	    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "https") == CURLE_OK &&
	    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L) == CURLE_OK &&
	    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 5L) == CURLE_OK &&
	    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L) == CURLE_OK &&
	    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 30L) == CURLE_OK &&
	    curl_easy_setopt(curl, CURLOPT_TIMEOUT, fetch->timeout_s) == CURLE_OK &&
	    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1024L) == CURLE_OK &&
	    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, 30L) == CURLE_OK &&
	    curl_easy_setopt(curl, CURLOPT_USERAGENT, "curfew/" CF_VERSION) == CURLE_OK &&
	    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, text) == CURLE_OK &&
	    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_data) == CURLE_OK &&
	    curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer) == CURLE_OK &&
	    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header) == CURLE_OK &&
	    curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer) == CURLE_OK;

	if (ok && headers != NULL)
		ok = curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) == CURLE_OK;
	if (ok && fetch->ca_file != NULL)
		ok = curl_easy_setopt(curl, CURLOPT_CAINFO, fetch->ca_file) == CURLE_OK;
	return ok;
}

static enum cf_status fetch_https(struct cf_fetch *fetch, struct cf_error *error)
{
	struct transfer transfer = {.fetch = fetch};
	struct curl_slist *headers = condition(fetch);
	char text[CURL_ERROR_SIZE] = "";
	CURL *curl = curl_easy_init();
	CURLcode code = CURLE_FAILED_INIT;
	enum cf_status status = CF_OK;
	long answer = 0;

	if (curl != NULL && set_up(curl, fetch, &transfer, headers, text)) {
		code = curl_easy_perform(curl);
		(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer); /* else it is 0 */
	}
	if (transfer.too_big)
		status = cf_error_set(
		    error, CF_ETOOBIG, "'%s' has over %zu bytes", fetch->place, fetch->most_bytes);
	else if (code != CURLE_OK)
		status = cf_error_set(error, CF_EIO, "cannot fetch '%s': %s", fetch->place,
		    text[0] != '\0' ? text : curl_easy_strerror(code));
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	if (status != CF_OK) {
		free(fetch->data);
		fetch->data = NULL;
		fetch->len = 0;
		return status;
	}
	fetch->unchanged = answer == 304;
	if (!fetch->unchanged)
		memcpy(fetch->tag, transfer.tag, sizeof fetch->tag);
	return CF_OK;
}

#else

static enum cf_status fetch_https(struct cf_fetch *fetch, struct cf_error *error)
{
	return cf_error_set(error, CF_EUNSUPPORTED,
	    "'%s': this curfew was built without libcurl; give a path, or build with it",
	    fetch->place);
}

#endif

enum cf_status cf_fetch(struct cf_fetch *fetch, struct cf_error *error)
{
	fetch->unchanged = false;
	fetch->data = NULL;
	fetch->len = 0;
	if (strncasecmp(fetch->place, "https://", 8) == 0)
		return fetch_https(fetch, error);
	if (strncmp(fetch->place, "file://", 7) == 0)
		return fetch_file(fetch, fetch->place + 7, error);
	if (strncmp(fetch->place, "file:", 5) == 0)
		return fetch_file(fetch, fetch->place + 5, error);
	if (strstr(fetch->place, "://") != NULL)
		return cf_error_set(error, CF_EINVALID,
		    "'%s': a place is a path, file:PATH or https://...", fetch->place);
	return fetch_file(fetch, fetch->place, error);
}
