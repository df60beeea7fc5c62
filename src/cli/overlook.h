/* overlook.h - what to tell the project's other tools so that they overlook belay's journal. */
#ifndef BELAY_CLI_OVERLOOK_H
#define BELAY_CLI_OVERLOOK_H

#include "cli/cli.h"

/* One paragraph for each tool that is found in the project and compares or dumps whole databases.
 */
void overlook_text(struct buf *b, struct cli *c, const struct project *p);

#endif
