/*
 * A small assembler for classic BPF (linux/filter.h): instructions with labels, jumps resolved at
 * the end. libpcap's own compiler cannot express what the prefilter needs (bpf_prefilter.h).
 *
 * Errors stick: assemble everything, then ask once. One thread.
 */
#pragma once

#include "base/status.h"

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

#define CF_BPF_LABELS 512

/* The instruction that follows; for jumps that only leave in one case. */
#define CF_BPF_NEXT UINT16_MAX

struct cf_bpf {
	struct sock_filter code[BPF_MAXINSNS];
	uint16_t true_label[BPF_MAXINSNS], false_label[BPF_MAXINSNS]; /* of jumps */
	uint16_t label_at[CF_BPF_LABELS];
	unsigned length, label_count;
	bool failed; /* too long, or too many labels */
};

void cf_bpf_init(struct cf_bpf *bpf);

/* One instruction that is no jump: BPF_LD | BPF_W | BPF_IND and so on. */
void cf_bpf_op(struct cf_bpf *bpf, unsigned code, uint32_t k);

uint16_t cf_bpf_label_new(struct cf_bpf *bpf);
/* The label stands before the next instruction. */
void cf_bpf_label_here(struct cf_bpf *bpf, uint16_t label);

/* A conditional jump (BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET) against k, at most 255 instructions. */
void cf_bpf_jump(
    struct cf_bpf *bpf, unsigned test, uint32_t k, uint16_t true_label, uint16_t false_label);
/* An unconditional jump, of any length. */
void cf_bpf_goto(struct cf_bpf *bpf, uint16_t label);

/* Resolves all jumps. CF_ETOOBIG: too long, or a conditional jump reaches too far. */
enum cf_status cf_bpf_finish(struct cf_bpf *bpf) CF_MUST_CHECK;
