/*
 * Which key signs a log's seals now. Its file is looked at again while the writer runs, so that a
 * successor signs from the moment it is there, without a restart; one that cannot be used changes
 * nothing but what is said of it.
 *
 * The writer's thread calls all but cf_signer_say(), which any thread may.
 */
#pragma once

#include "records/anchor/sensor_key.h"

#include <pthread.h>

#define CF_SIGNER_ERROR_BYTES 256

struct cf_signer {
	char *path;                /* of the key's file; NULL: none, or not looked at again */
	struct cf_sensor_key *key; /* NULL: nobody signs */
	struct cf_key_mark tried;  /* the file that was last read and was of no use */
	bool has_news;             /* a key came while we ran, and no seal on the disk says so */
	pthread_mutex_t lock;      /* guards the two below */
	char id[CF_KEY_ID_TEXT_BYTES];
	char error[CF_SIGNER_ERROR_BYTES];
};

/* What other threads may know: the key's id and why none, or no newer one, signs. "": neither. */
struct cf_signer_words {
	char id[CF_KEY_ID_TEXT_BYTES];
	char error[CF_SIGNER_ERROR_BYTES];
};

/*
 * Reads the key at path (NULL or "": none), unless key is given, which was read from there before
 * and is the signer's now, or error, the reason why it could not be. CF_ENOMEM; key is freed.
 */
enum cf_status cf_signer_init(struct cf_signer *signer, const char *path, struct cf_sensor_key *key,
    const char *error) CF_MUST_CHECK;
void cf_signer_done(struct cf_signer *signer);

/* Looks at the file again. True when another key signs from now on. One stat() when nothing is new.
 */
bool cf_signer_look(struct cf_signer *signer);

/* The change to tell in the next seal; "" when there is none. After cf_signer_told() there is none.
 */
const char *cf_signer_news(const struct cf_signer *signer);
void cf_signer_told(struct cf_signer *signer);

void cf_signer_say(const struct cf_signer *signer, struct cf_signer_words *words_out);
