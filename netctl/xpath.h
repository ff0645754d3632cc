/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xpath.h — --xpath and --wrap of the verbs that print a document. */
#ifndef NETCTL_XPATH_H
#define NETCTL_XPATH_H

#include "netctl/verb.h"

#define OPTS_XPATH                                                                                 \
	{ "xpath", OPT_TEXT, "xpath expression to filter the XML document" },                      \
	{                                                                                          \
		"wrap", OPT_FLAG, "wrap xpath results in an common root element"                   \
	}

/* Print the document, or what --xpath leaves of it. Returns the exit status. */
int xpath_print(struct ctl *ctl, const struct args *a, const char *xml);

#endif
