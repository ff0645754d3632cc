/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An administrator's own rules: what is taken can be told to nft. */
#include "firewall/own.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* As nft would be told them: each must be text without a character that nft doesn't take. */
static void check_texts(const struct fw_rule *rules, size_t n)
{
	struct text t = { 0 };

	for (size_t i = 0; i < n; i++)
		fw_rule_text(&rules[i], &t);
	for (size_t i = 0; i < t.len; i++)
		if ((unsigned char)t.s[i] < ' ' || t.s[i] == '\\')
			abort();
	text_done(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *text = malloc(n + 1);
	struct fw_own *o = NULL;
	struct err e = { 0 };

	if (!text)
		return 0;
	memcpy(text, data, n);
	text[n] = '\0';
	if (fw_own_parse(text, &o, &e) == 0) {
		check_texts(o->in, o->n_in);
		check_texts(o->out, o->n_out);
		if (o->n_in + o->n_out > FW_OWN_MAX)
			abort();
	}
	fw_own_free(o);
	free(text);
	return 0;
}
