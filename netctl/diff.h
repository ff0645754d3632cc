/* SPDX-License-Identifier: GPL-2.0-or-later */
/* diff.h — the difference of two texts, line by line, as `diff -u` shows it. */
#ifndef NETCTL_DIFF_H
#define NETCTL_DIFF_H

#include "base/text.h"

/* Append the difference to `out`, under the two names; nothing when the texts are equal. Texts of
 * more than a few thousand different lines are shown as replaced. A last line without newline
 * counts as one with it. */
void diff_unified(struct text *out, const char *old_name, const char *old, const char *new_name,
		  const char *new);

#endif
