/* SPDX-License-Identifier: GPL-2.0-or-later */
/* apply.h — what the daemon says that it did with a whole definition, for net-apply and net-revert.
 */
#ifndef NETCTL_APPLY_H
#define NETCTL_APPLY_H

#include "netctl/verb.h"

/* client_apply() as an object; NULL: ctl->err says why. A dry run's XML texts are replaced by their
 * difference, as member "diff". */
json_t *apply_call(struct ctl *ctl, const char *xml, const char *source, uint32_t flags) mustcheck;

/* Say it to a person. `how`: "from FILE". */
void apply_say(const struct ctl *ctl, const json_t *reply, const char *how, bool dry_run);

#endif
