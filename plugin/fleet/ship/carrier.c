#include "fleet/ship/carrier.h"

#include "fleet/wire/bundle_name.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longest URL of a collector. */
#define URL_BYTES 512
/* What a link carries at the least, bytes a second: as collectors have it. */
#define SLOWEST 8192

struct cf_carrier {
	struct cf_carrier_options options;
	CURL *curl;
	struct curl_slist *put_headers;
	size_t at; /* the collector that answered last */
	char text[CURL_ERROR_SIZE];
};

/* This machine, by its usual names: what is sent in the clear does not leave it. */
static bool is_loopback(const char *url)
{
	static const char *const begins[] = {
	    "http://127.0.0.1", "http://[::1]", "http://localhost"};

	for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++) {
		size_t len = strlen(begins[i]);

		if (strncmp(url, begins[i], len) == 0 &&
		    (url[len] == '\0' || url[len] == ':' || url[len] == '/'))
			return true;
	}
	return false;
}

static enum cf_status check_url(const char *url, struct cf_error *error)
{
	CURLU *parsed = curl_url();
	char *part = NULL;
	enum cf_status status = CF_OK;

	if (parsed == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	if (strlen(url) >= URL_BYTES || curl_url_set(parsed, CURLUPART_URL, url, 0) != CURLUE_OK)
		status = cf_error_set(
		    error, CF_EINVALID, "'%.200s' is no URL; give https://HOST[:PORT]", url);
	else if (strncmp(url, "https://", 8) != 0 && !is_loopback(url))
		status = cf_error_set(error, CF_EINVALID,
		    "'%.200s': only https:// leaves this machine; http:// goes to 127.0.0.1, [::1] "
		    "and "
		    "localhost alone",
		    url);
	else if (curl_url_get(parsed, CURLUPART_USER, &part, 0) == CURLUE_OK ||
	    curl_url_get(parsed, CURLUPART_QUERY, &part, 0) == CURLUE_OK ||
	    (curl_url_get(parsed, CURLUPART_PATH, &part, 0) == CURLUE_OK && strcmp(part, "/") != 0))
		status = cf_error_set(error, CF_EINVALID,
		    "'%.200s': only host and port belong there; a name of a user or a path do not",
		    url);
	curl_free(part);
	curl_url_cleanup(parsed);
	return status;
}

static bool set_up(struct cf_carrier *carrier)
{
	const struct cf_carrier_options *options = &carrier->options;
	CURL *curl = carrier->curl;
	bool ok = curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https,http") == CURLE_OK &&
	    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK &&
	    curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK && /* whatever is around us */
	    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	    curl_easy_setopt(curl, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
	    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 10L) == CURLE_OK &&
	    curl_easy_setopt(curl, CURLOPT_TIMEOUT, options->timeout_s) == CURLE_OK &&
	    curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L) == CURLE_OK &&
	    curl_easy_setopt(curl, CURLOPT_USERAGENT, "curfew/" CF_VERSION) == CURLE_OK &&
	    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, carrier->text) == CURLE_OK;

	if (ok && options->ca != NULL)
		ok = curl_easy_setopt(curl, CURLOPT_CAINFO, options->ca) == CURLE_OK;
	if (ok && options->certificate != NULL)
		ok = curl_easy_setopt(curl, CURLOPT_SSLCERT, options->certificate) == CURLE_OK;
	if (ok && options->key != NULL)
		ok = curl_easy_setopt(curl, CURLOPT_SSLKEY, options->key) == CURLE_OK;
	return ok;
}

enum cf_status cf_carrier_new(const struct cf_carrier_options *options,
    struct cf_carrier **carrier_out, struct cf_error *error)
{
	struct cf_carrier *carrier;

	if (options->url_count == 0 || options->url_count > CF_COLLECTORS)
		return cf_error_set(
		    error, CF_EINVALID, "give one to %d collectors (--to)", CF_COLLECTORS);
	for (size_t i = 0; i < options->url_count; i++) {
		enum cf_status status = check_url(options->urls[i], error);

		if (status != CF_OK)
			return status;
	}
	carrier = calloc(1, sizeof *carrier);
	if (carrier == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	carrier->options = *options;
	if (carrier->options.timeout_s == 0)
		carrier->options.timeout_s = 60;
	carrier->curl = curl_easy_init();
	/* Not to wait for "100 Continue": what a bundle costs in vain is little. */
	carrier->put_headers = curl_slist_append(NULL, "Expect:");
	if (carrier->put_headers != NULL &&
	    curl_slist_append(carrier->put_headers, "Content-Type: application/zstd") != NULL &&
	    carrier->curl != NULL && set_up(carrier)) {
		*carrier_out = carrier;
		return CF_OK;
	}
	cf_carrier_free(carrier);
	return cf_error_set(error, CF_ENOMEM, "libcurl cannot be set up as asked");
}

void cf_carrier_free(struct cf_carrier *carrier)
{
	if (carrier == NULL)
		return;
	curl_easy_cleanup(carrier->curl);
	curl_slist_free_all(carrier->put_headers);
	free(carrier);
}

static size_t take_text(char *bytes, size_t one, size_t len, void *context)
{
	struct cf_carried *carried = context;
	size_t room = sizeof carried->text - 1 - carried->len, take = len < room ? len : room;

	(void)one; /* always 1, says libcurl */
	memcpy(carried->text + carried->len, bytes, take);
	carried->len += take;
	return len;
}

/* The body stays in memory, so that libcurl may start over where a kept connection had ended. */
static bool prepare(struct cf_carrier *carrier, const char *url, const uint8_t *body, size_t len,
    struct cf_carried *carried)
{
	CURL *curl = carrier->curl;

	if (curl_easy_setopt(curl, CURLOPT_URL, url) != CURLE_OK ||
	    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_text) != CURLE_OK ||
	    curl_easy_setopt(curl, CURLOPT_WRITEDATA, carried) != CURLE_OK)
		return false;
	if (body == NULL)
		return curl_easy_setopt(curl, CURLOPT_HTTPHEADER, NULL) == CURLE_OK &&
		    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, NULL) == CURLE_OK &&
		    curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L) == CURLE_OK;
	return curl_easy_setopt(curl, CURLOPT_HTTPHEADER, carrier->put_headers) == CURLE_OK &&
	    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len) == CURLE_OK &&
	    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body) == CURLE_OK &&
	    curl_easy_setopt(curl, CURLOPT_TIMEOUT,
	        carrier->options.timeout_s + (long)(len / SLOWEST)) == CURLE_OK &&
	    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, "PUT") == CURLE_OK;
}

static bool is_for_later(long code)
{
	return code == 0 || code == 429 || code >= 500;
}

/* One request to one collector. CF_EAGAIN: try another. */
static enum cf_status send_to(struct cf_carrier *carrier, const char *collector, const char *path,
    const uint8_t *bytes, size_t len, struct cf_carried *carried, struct cf_error *error)
{
	char url[URL_BYTES + CF_BUNDLE_PATH_BYTES];
	size_t host = strlen(collector);
	CURLcode code = CURLE_FAILED_INIT;

	if (host > 0 && collector[host - 1] == '/')
		host--;
	(void)snprintf(url, sizeof url, "%.*s%s", (int)host, collector, path);
	*carried = (struct cf_carried){.url = collector};
	carrier->text[0] = '\0';
	if (prepare(carrier, url, bytes, len, carried))
		code = curl_easy_perform(carrier->curl);
	carried->text[carried->len] = '\0';
	if (code != CURLE_OK)
		return cf_error_set(error, CF_EAGAIN, "%.200s: %s", collector,
		    carrier->text[0] != '\0' ? carrier->text : curl_easy_strerror(code));
	/* Else it stays 0. */
	(void)curl_easy_getinfo(carrier->curl, CURLINFO_RESPONSE_CODE, &carried->code);
	if (is_for_later(carried->code))
		return cf_error_set(error, CF_EAGAIN, "%.200s answers %ld: %.*s", collector,
		    carried->code, (int)strcspn(carried->text, "\r\n"), carried->text);
	return CF_OK;
}

enum cf_status cf_carrier_send(struct cf_carrier *carrier, const char *path, const uint8_t *body,
    size_t len, struct cf_carried *carried_out, struct cf_error *error)
{
	enum cf_status status = CF_EAGAIN;
	size_t first = carrier->at;

	for (size_t i = 0; i < carrier->options.url_count && status != CF_OK; i++) {
		carrier->at = (first + i) % carrier->options.url_count;
		status = send_to(carrier, carrier->options.urls[carrier->at], path, body, len,
		    carried_out, error);
	}
	return status;
}
