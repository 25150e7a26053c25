/*
 * rock_source: directory_source over Rock RMS's REST v1.
 *
 * Identity is the Guid of the primary PersonAlias; merges are resolved through PersonAlias. People
 * are read once per snapshot, by id or by a walk over all of them, whichever is cheaper. At most
 * rock.connections requests at once. See rock_fetch.h for retries and rock_read_p.h for the stages.
 * @source reference/rock.md sections 3 to 6, 14 and 15
 */
#ifndef SYNC_PRODUCER_ROCK_ROCK_SOURCE_H
#define SYNC_PRODUCER_ROCK_ROCK_SOURCE_H

#include "common/port/directory_source.h"

struct loop;
struct conf;

/*
 * Reads rock.url, rock.token_file, rock.connections, rock.timeout, rock.retry_for, rock.page,
 * rock.allow_http, rock.ca_file and opt_out_attribute; asks Rock nothing yet.
 *
 * @return  -1 with *err (code "conf") when one of them cannot be used
 */
int rock_source_new(struct loop *l,
                    const struct conf *c,
                    struct directory_source **ret,
                    struct err *err) must_check;

#endif
