/* RFC 3161 by libcrypto's TS. */

#include "records/anchor/time_stamp.h"

#include "base/sha256.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ts.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The names changed, not what they do. */
#if OPENSSL_VERSION_NUMBER >= 0x30400000L
#define SET_DATA  TS_VERIFY_CTX_set0_data
#define SET_STORE TS_VERIFY_CTX_set0_store
#else
#define SET_DATA  TS_VERIFY_CTX_set_data
#define SET_STORE TS_VERIFY_CTX_set_store
#endif

/* What libcrypto says, for people; its queue is empty afterwards. */
static enum cf_status fail(struct cf_error *error, enum cf_status status, const char *what)
{
	const char *data = NULL;
	int flags = 0;
	unsigned long code = ERR_get_error_all(NULL, NULL, NULL, &data, &flags);
	const char *reason = ERR_reason_error_string(code);

	(void)cf_error_set(error, status, "%s%s%s%s%s", what, reason == NULL ? "" : ": ",
	    reason == NULL ? "" : reason, (flags & ERR_TXT_STRING) != 0 ? ", " : "",
	    (flags & ERR_TXT_STRING) != 0 ? data : "");
	ERR_clear_error();
	return status;
}

static bool set_imprint(TS_REQ *query, const void *bytes, size_t len)
{
	TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
	X509_ALGOR *algorithm = X509_ALGOR_new();
	uint8_t digest[CF_SHA256_BYTES];
	bool good = false;

	if (imprint != NULL && algorithm != NULL && cf_sha256(bytes, len, digest) == CF_OK) {
		X509_ALGOR_set_md(algorithm, EVP_sha256());
		good = TS_MSG_IMPRINT_set_algo(imprint, algorithm) == 1 &&
		    TS_MSG_IMPRINT_set_msg(imprint, digest, sizeof digest) == 1 &&
		    TS_REQ_set_msg_imprint(query, imprint) == 1;
	}
	X509_ALGOR_free(algorithm);
	TS_MSG_IMPRINT_free(imprint);
	return good;
}

/* So that an old reply is not taken for this query's by who asks. */
static bool set_nonce(TS_REQ *query)
{
	ASN1_INTEGER *nonce = ASN1_INTEGER_new();
	uint64_t number = 0;
	bool good = nonce != NULL && RAND_bytes((unsigned char *)&number, sizeof number) == 1 &&
	    ASN1_INTEGER_set_uint64(nonce, number | 1) == 1 && TS_REQ_set_nonce(query, nonce) == 1;

	ASN1_INTEGER_free(nonce);
	return good;
}

enum cf_status cf_stamp_query(const void *bytes, size_t len, uint8_t **query_out,
    size_t *query_len_out, struct cf_error *error)
{
	TS_REQ *query = TS_REQ_new();
	unsigned char *der = NULL;
	uint8_t *copy = NULL;
	int der_len = -1;

	if (query != NULL && TS_REQ_set_version(query, 1) == 1 && set_imprint(query, bytes, len) &&
	    set_nonce(query) && TS_REQ_set_cert_req(query, 1) == 1)
		der_len = i2d_TS_REQ(query, &der);
	if (der_len > 0 && (copy = malloc((size_t)der_len)) != NULL) {
		memcpy(copy, der, (size_t)der_len);
		*query_out = copy;
		*query_len_out = (size_t)der_len;
	}
	OPENSSL_free(der);
	TS_REQ_free(query);
	return copy != NULL ? CF_OK
	                    : fail(error, CF_EINTERNAL, "libcrypto makes no time stamp query");
}

/* SHA-1 and older: somebody may have made two files of one digest. */
static bool digest_stands(TS_TST_INFO *info)
{
	const ASN1_OBJECT *object = NULL;
	TS_MSG_IMPRINT *imprint = TS_TST_INFO_get_msg_imprint(info);

	X509_ALGOR_get0(&object, NULL, NULL, TS_MSG_IMPRINT_get_algo(imprint));
	switch (OBJ_obj2nid(object)) {
	case NID_sha256:
	case NID_sha384:
	case NID_sha512:
	case NID_sha3_256:
	case NID_sha3_384:
	case NID_sha3_512:
		return true;
	default:
		return false;
	}
}

static bool time_of(TS_TST_INFO *info, time_t *wall_s_out)
{
	struct tm broken = {.tm_year = 0};

	if (ASN1_TIME_to_tm(TS_TST_INFO_get_time(info), &broken) != 1)
		return false;
	*wall_s_out = timegm(&broken);
	return *wall_s_out > 0;
}

/* Certificates are looked at as of then: an authority's own does not live as long as evidence. */
static X509_STORE *open_store(const char *ca_path, time_t at_wall_s)
{
	X509_STORE *store = X509_STORE_new();

	if (store == NULL)
		return NULL;
	if (X509_STORE_load_file(store, ca_path) == 1) {
		X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), at_wall_s);
		return store;
	}
	X509_STORE_free(store);
	return NULL;
}

static enum cf_status verify(
    TS_RESP *reply, const void *bytes, size_t len, X509_STORE *store, struct cf_error *error)
{
	TS_VERIFY_CTX *context = TS_VERIFY_CTX_new();
	BIO *data = BIO_new_mem_buf(bytes, (int)len);
	bool good = false;

	if (context == NULL || data == NULL) {
		BIO_free(data);
		TS_VERIFY_CTX_free(context);
		X509_STORE_free(store);
		return cf_error_set(error, CF_ENOMEM, "no memory");
	}
	(void)TS_VERIFY_CTX_set_flags(
	    context, TS_VFY_VERSION | TS_VFY_DATA | TS_VFY_SIGNATURE); /* gives them back */
	(void)SET_DATA(context, data);                                 /* and it is theirs now */
	(void)SET_STORE(context, store);
	good = TS_RESP_verify_response(context, reply) == 1;
	TS_VERIFY_CTX_free(context);
	return good ? CF_OK : fail(error, CF_ECHECKSUM, "the time stamp does not hold");
}

static enum cf_status check(TS_RESP *reply, const void *bytes, size_t len, const char *ca_path,
    int64_t *at_wall_us_out, struct cf_error *error)
{
	TS_TST_INFO *info = TS_RESP_get_tst_info(reply);
	time_t at_wall_s = 0;
	X509_STORE *store;
	enum cf_status status;

	if (info == NULL)
		return cf_error_set(error, CF_EINVALID, "the authority refused to stamp this");
	if (!digest_stands(info))
		return cf_error_set(error, CF_EINVALID,
		    "the time stamp is over a digest that does not stand any more");
	if (!time_of(info, &at_wall_s))
		return cf_error_set(error, CF_EMALFORMED, "the time stamp has no time");
	store = open_store(ca_path, at_wall_s);
	if (store == NULL)
		return fail(error, CF_EIO, "cannot read the authority's certificates");
	status = verify(reply, bytes, len, store, error);
	if (status == CF_OK)
		*at_wall_us_out = (int64_t)at_wall_s * 1000000;
	return status;
}

enum cf_status cf_stamp_verify(const uint8_t *reply, size_t reply_len, const void *bytes,
    size_t len, const char *ca_path, int64_t *at_wall_us_out, struct cf_error *error)
{
	const unsigned char *at = reply;
	TS_RESP *parsed;
	enum cf_status status;

	if (reply_len > CF_STAMP_BYTES || len > INT32_MAX)
		return cf_error_set(error, CF_ETOOBIG, "too long for a time stamp");
	parsed = d2i_TS_RESP(NULL, &at, (long)reply_len);
	if (parsed == NULL || at != reply + reply_len) {
		TS_RESP_free(parsed);
		return fail(error, CF_EMALFORMED, "no time stamp reply");
	}
	status = check(parsed, bytes, len, ca_path, at_wall_us_out, error);
	TS_RESP_free(parsed);
	return status;
}
