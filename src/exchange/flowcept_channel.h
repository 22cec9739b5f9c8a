// Flowcept's channel on a Redis server, followed as its own consumer does: documents are told to
// the intake, and what its producers wait for when they stop is answered once everything before it
// is in the spool.
//
//   PSUBSCRIBE <channel>                                    documents, MessagePack maps
//   SREM pending_mq_flush_complete_<bundle> <interceptor>   on control mq_flush_complete
//   SREM started_mq_thread_execution_<bundle> <interceptor> on control mq_dao_thread_stopped
//   GET current_campaign_id                                 for tasks that name no campaign
//
// Nothing is kept by the channel itself: what is published while nobody listens is gone. When the
// server goes away the source waits for it, and says so in its notes.
#pragma once

#include <memory>

#include "exchange/importer.h"
#include "exchange/redis_connection.h"

namespace headrace::exchange {

// Connects and subscribes at once, so that nothing published after it is missed.
// Errors: kUnavailable when no server answers.
Result<std::unique_ptr<ForeignSource>> flowcept_channel(const RedisAddress& address);

}  // namespace headrace::exchange
