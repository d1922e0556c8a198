#include "fleet/collect/group.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

/* Of one transaction: a failure costs as many, and memory in the store. */
#define MOST_BUNDLES 256
#define MOST_BYTES   (64u << 20)

enum job_kind { JOB_PUT, JOB_HEAD, JOB_HEALTH };

/* Somebody who waits; on his stack. */
struct job {
	enum job_kind kind;
	const struct cf_checked *bundle;
	const struct cf_bundle_writer *writer;
	struct cf_fleet_head head;
	struct cf_error error;
	enum cf_status status;
	bool is_done;
	struct job *next;
};

struct cf_group {
	struct cf_gate gate;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t comes, done;
	struct job *first, **last; /* waiting, in the order they came */
	bool is_ending;
};

/* ---- the committer */

/* The store is not what it was: whoever comes next connects anew. */
static void give_up(struct cf_group *group, struct job *job, enum cf_status status)
{
	(void)status; /* job->error has it */
	group->gate.close(group->gate.arg);
	job->status = CF_EAGAIN;
}

static void ask(struct cf_group *group, struct job *job)
{
	const struct cf_gate *gate = &group->gate;
	enum cf_status status = gate->open(gate->arg, &job->error);

	if (status == CF_OK && job->kind == JOB_HEAD)
		status = gate->head(gate->arg, job->writer, &job->head, &job->error);
	job->status = CF_OK;
	if (status != CF_OK)
		give_up(group, job, status);
}

/* All of these in one transaction; false when nothing of them is there. */
static bool put_together(
    struct cf_group *group, struct job *const jobs[], size_t count, struct cf_error *error)
{
	const struct cf_gate *gate = &group->gate;
	const struct cf_checked *bundles[MOST_BUNDLES];
	enum cf_status status = gate->open(gate->arg, error);

	for (size_t i = 0; i < count; i++)
		bundles[i] = jobs[i]->bundle;
	if (status == CF_OK)
		status = gate->begin(gate->arg, bundles, count, error);
	if (status != CF_OK)
		return false;
	for (size_t i = 0; i < count && status == CF_OK; i++)
		status = gate->take(gate->arg, jobs[i]->bundle, &jobs[i]->head, error);
	if (status == CF_OK)
		return gate->commit(gate->arg, error) == CF_OK;
	gate->rollback(gate->arg);
	return false;
}

static void put_alone(struct cf_group *group, struct job *job)
{
	job->status = CF_OK;
	if (!put_together(group, &job, 1, &job->error))
		give_up(group, job, CF_EIO);
}

/* What cannot be written with the others is tried by itself: one of them may be at fault. */
static void put_all(struct cf_group *group, struct job *const jobs[], size_t count)
{
	struct cf_error error = {.text = ""};

	if (count > 1 && put_together(group, jobs, count, &error)) {
		for (size_t i = 0; i < count; i++)
			jobs[i]->status = CF_OK;
		return;
	}
	if (count > 1)
		group->gate.close(group->gate.arg);
	for (size_t i = 0; i < count; i++)
		put_alone(group, jobs[i]);
}

/* Takes as many as go together off the list; they are all puts, or it is one question. */
static size_t take_waiting(struct cf_group *group, struct job *jobs[MOST_BUNDLES])
{
	size_t count = 0, bytes = 0;

	while (group->first != NULL && count < MOST_BUNDLES) {
		struct job *job = group->first;

		if (count > 0 &&
		    (job->kind != JOB_PUT || jobs[0]->kind != JOB_PUT ||
		        job->bundle->len > MOST_BYTES - bytes))
			break;
		jobs[count++] = job;
		bytes += job->kind == JOB_PUT ? job->bundle->len : 0;
		if (bytes > MOST_BYTES)
			bytes = MOST_BYTES;
		group->first = job->next;
	}
	if (group->first == NULL)
		group->last = &group->first;
	return count;
}

static void *commit_groups(void *arg)
{
	struct cf_group *group = arg;
	struct job *jobs[MOST_BUNDLES];

	pthread_mutex_lock(&group->lock);
	while (!group->is_ending || group->first != NULL) {
		size_t count = take_waiting(group, jobs);

		if (count == 0) {
			pthread_cond_wait(&group->comes, &group->lock);
			continue;
		}
		pthread_mutex_unlock(&group->lock);
		if (jobs[0]->kind == JOB_PUT)
			put_all(group, jobs, count);
		else
			ask(group, jobs[0]);
		pthread_mutex_lock(&group->lock);
		for (size_t i = 0; i < count; i++)
			jobs[i]->is_done = true;
		pthread_cond_broadcast(&group->done);
	}
	pthread_mutex_unlock(&group->lock);
	return NULL;
}

/* ---- those who wait */

static enum cf_status wait_for(struct cf_group *group, struct job *job, struct cf_error *error)
{
	pthread_mutex_lock(&group->lock);
	*group->last = job;
	group->last = &job->next;
	pthread_cond_signal(&group->comes);
	while (!job->is_done)
		pthread_cond_wait(&group->done, &group->lock);
	pthread_mutex_unlock(&group->lock);
	if (job->status != CF_OK)
		*error = job->error;
	return job->status;
}

enum cf_status cf_group_put(struct cf_group *group, const struct cf_checked *bundle,
    struct cf_fleet_head *head_out, struct cf_error *error)
{
	struct job job = {.kind = JOB_PUT, .bundle = bundle};
	enum cf_status status = wait_for(group, &job, error);

	*head_out = job.head;
	return status;
}

enum cf_status cf_group_head(struct cf_group *group, const struct cf_bundle_writer *writer,
    struct cf_fleet_head *head_out, struct cf_error *error)
{
	struct job job = {.kind = JOB_HEAD, .writer = writer};
	enum cf_status status = wait_for(group, &job, error);

	*head_out = job.head;
	return status;
}

enum cf_status cf_group_health(struct cf_group *group, struct cf_error *error)
{
	struct job job = {.kind = JOB_HEALTH};

	return wait_for(group, &job, error);
}

enum cf_status cf_group_new(const struct cf_gate *gate, struct cf_group **group_out)
{
	struct cf_group *group = calloc(1, sizeof *group);

	if (group == NULL)
		return CF_ENOMEM;
	group->gate = *gate;
	group->last = &group->first;
	pthread_mutex_init(&group->lock, NULL); /* cannot fail with default attributes */
	pthread_cond_init(&group->comes, NULL);
	pthread_cond_init(&group->done, NULL);
	if (pthread_create(&group->thread, NULL, commit_groups, group) != 0) {
		free(group);
		return CF_EIO;
	}
	*group_out = group;
	return CF_OK;
}

void cf_group_free(struct cf_group *group)
{
	if (group == NULL)
		return;
	pthread_mutex_lock(&group->lock);
	group->is_ending = true;
	pthread_cond_signal(&group->comes);
	pthread_mutex_unlock(&group->lock);
	pthread_join(group->thread, NULL);
	group->gate.close(group->gate.arg);
	pthread_cond_destroy(&group->done);
	pthread_cond_destroy(&group->comes);
	pthread_mutex_destroy(&group->lock);
	free(group);
}
