/* -sa ike: its word is known, its table is not served yet. */
#include "report.h"

const struct report report_sa_ike = {
        .option = "sa",
        .word = "ike",
        .help = "IKE security associations",
};
