/* What all drivers of the queue call its topics (design: topics). */
#include "common/port/queue.h"

const char *queue_topic_name(enum queue_topic t)
{
    static const char *const names[QUEUE_TOPIC_COUNT] = {
        [QUEUE_TASKS] = "contact-sync.tasks",
        [QUEUE_URGENT] = "contact-sync.urgent",
        [QUEUE_CHANGES] = "contact-sync.changes",
        [QUEUE_DEAD] = "contact-sync.dead",
    };
    return names[t];
}
