/* Reading a key again when its file is another one. */

#include "records/anchor/signer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* That a file cannot be opened is said with its path, which may be long; the reason stands last. */
static const char *reason_of(const struct cf_error *error)
{
	const char *reason = error->text, *next;

	while ((next = strstr(reason, "': ")) != NULL)
		reason = next + 3;
	return reason;
}

static void set_error(struct cf_signer *signer, const char *path, const char *reason)
{
	char text[CF_SIGNER_ERROR_BYTES] = "";

	if (reason != NULL)
		(void)snprintf(text, sizeof text, "'%.100s': %.100s%s", path, reason,
		    signer->key == NULL ? "" : "; the key from before goes on signing");
	pthread_mutex_lock(&signer->lock);
	memcpy(signer->error, text, sizeof signer->error);
	pthread_mutex_unlock(&signer->lock);
}

static void use(struct cf_signer *signer, struct cf_sensor_key *key)
{
	cf_sensor_key_free(signer->key);
	signer->key = key;
	pthread_mutex_lock(&signer->lock);
	memcpy(signer->id, cf_sensor_key_id(key), sizeof signer->id);
	signer->error[0] = '\0';
	pthread_mutex_unlock(&signer->lock);
}

enum cf_status cf_signer_init(
    struct cf_signer *signer, const char *path, struct cf_sensor_key *key, const char *error)
{
	struct cf_error why = {.text = ""};
	bool has_path = path != NULL && path[0] != '\0';

	*signer = (struct cf_signer){.path = has_path ? strdup(path) : NULL};
	pthread_mutex_init(&signer->lock, NULL);
	if (has_path && signer->path == NULL) {
		cf_sensor_key_free(key);
		return CF_ENOMEM;
	}
	/* A key that was read before is held against its file at the first look. */
	if (has_path && key == NULL)
		(void)cf_key_mark_take(path, &signer->tried); /* zeros: not there */
	else
		signer->tried.inode = UINT64_MAX;
	if (key != NULL)
		use(signer, key);
	else if (error != NULL)
		(void)snprintf(signer->error, sizeof signer->error, "%s", error);
	else if (has_path && cf_sensor_key_read(path, &key, &why) == CF_OK)
		use(signer, key);
	else if (has_path)
		set_error(signer, path, reason_of(&why));
	return CF_OK;
}

void cf_signer_done(struct cf_signer *signer)
{
	if (signer->path == NULL && signer->key == NULL)
		return;
	cf_sensor_key_free(signer->key);
	free(signer->path);
	signer->key = NULL;
	signer->path = NULL;
	pthread_mutex_destroy(&signer->lock);
}

/* True when the file is neither the key's nor one that was tried. */
static bool is_new(struct cf_signer *signer)
{
	struct cf_key_mark mark = {.inode = 0};
	int reason = cf_key_mark_take(signer->path, &mark) ? 0 : errno;

	if (signer->key != NULL && cf_key_mark_same(&mark, cf_sensor_key_mark(signer->key))) {
		if (!cf_key_mark_same(&mark, &signer->tried))
			set_error(signer, signer->path, NULL); /* as it was */
		signer->tried = mark;
		return false;
	}
	if (cf_key_mark_same(&mark, &signer->tried))
		return false;
	signer->tried = mark;
	if (reason != 0)
		set_error(signer, signer->path,
		    reason == ENOENT ? "there is no key any more" : strerror(reason));
	return reason == 0;
}

bool cf_signer_look(struct cf_signer *signer)
{
	struct cf_sensor_key *key = NULL;
	struct cf_error why = {.text = ""};

	if (signer->path == NULL || !is_new(signer))
		return false;
	if (cf_sensor_key_read(signer->path, &key, &why) != CF_OK) {
		set_error(signer, signer->path, reason_of(&why));
		return false;
	}
	if (signer->key == NULL ||
	    strcmp(cf_sensor_key_id(key), cf_sensor_key_id(signer->key)) != 0)
		signer->has_news = true;
	use(signer, key);
	return signer->has_news;
}

const char *cf_signer_news(const struct cf_signer *signer)
{
	return signer->has_news && signer->key != NULL ? cf_sensor_key_change(signer->key) : "";
}

void cf_signer_told(struct cf_signer *signer)
{
	signer->has_news = false;
}

void cf_signer_say(const struct cf_signer *signer, struct cf_signer_words *words_out)
{
	pthread_mutex_t *lock = (pthread_mutex_t *)&signer->lock; /* what it guards is const here */

	pthread_mutex_lock(lock);
	memcpy(words_out->id, signer->id, sizeof words_out->id);
	memcpy(words_out->error, signer->error, sizeof words_out->error);
	pthread_mutex_unlock(lock);
}
