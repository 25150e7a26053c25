/*
 * directory_source_contract: what every driver of common/port/directory_source.h must do, on one
 * small town. A test of a driver builds the town in its own way and runs each case against it.
 *
 * The town: Ann and Fay are eligible. Ann was merged with "Ann2"; she follows Bob, Cid (a
 * business), Dee (deceased), Eve by an alias that came to her by a merge, and Eve once more. Staff
 * are Fay (who opted out) and Gus, of a nested unit; Hal's unit is inactive. The choir has Bob, Eve
 * (in two roles), Dee and Pam, who is a child. The old choir is inactive, the crew is a security
 * role. Of the plugin's old choices there are Ann's: following, and the choir; Hal has some too,
 * but is not eligible.
 */
#ifndef SYNC_TESTS_CONTRACT_DIRECTORY_SOURCE_CONTRACT_H
#define SYNC_TESTS_CONTRACT_DIRECTORY_SOURCE_CONTRACT_H

#include "common/port/directory_source.h"

#define KEY(n)   "aaaaaaaa-0000-4000-8000-0000000000" n
#define GROUP(n) "bbbbbbbb-0000-4000-8000-0000000000" n

#define ANN  KEY("01")
#define ANN2 KEY("21") /* an alias of Ann */
#define BOB  KEY("02")
#define CID  KEY("03")
#define DEE  KEY("04")
#define EVE  KEY("05")
#define EVE2 KEY("25") /* an alias of Eve */
#define FAY  KEY("06")
#define GUS  KEY("07")
#define HAL  KEY("08")
#define PAM  KEY("09")
#define GONE KEY("99") /* nobody */

#define ELIGIBLE  GROUP("01")
#define UNIT      GROUP("02")
#define NESTED    GROUP("03")
#define IDLE_UNIT GROUP("04")
#define CHOIR     GROUP("05")
#define OLD_CHOIR GROUP("06")
#define CREW      GROUP("07")
#define NO_GROUP  GROUP("99")

struct contract_case {
    const char *name;
    void (*run)(struct directory_source *s);
};
extern const struct contract_case directory_source_contract[];
extern const size_t directory_source_contract_count;

#endif
