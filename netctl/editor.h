/* SPDX-License-Identifier: GPL-2.0-or-later */
/* editor.h — the user's editor ($VISUAL, else $EDITOR, else vi), and the way from a text through it
 * and back. */
#ifndef NETCTL_EDITOR_H
#define NETCTL_EDITOR_H

#include "netctl/verb.h"

/* Let the user edit a copy of `text`. 0: *ret is what they left, a new string. -1: ctl->err says
 * why. */
int editor_run(struct ctl *ctl, const char *text, char **ret) mustcheck;

/* What is edited: where it comes from and goes to. */
struct edit {
	void *data;
	/* A new string; NULL: ctl->err says why. */
	char *(*get)(struct ctl *ctl, void *data);
	/* Put the edited text in place. 0, or -1: ctl->err says why. */
	int (*put)(struct ctl *ctl, void *data, const char *text);
};

enum edit_result { EDIT_FAILED = -1, EDIT_UNCHANGED, EDIT_CHANGED };

/* Get, edit, check that nobody else changed it meanwhile, put. What is refused is offered again
 * when standard input is a terminal; otherwise it has failed, and what was tried is printed while
 * ctl->err holds the reason. */
enum edit_result editor_edit(struct ctl *ctl, const struct edit *edit) mustcheck;

#endif
