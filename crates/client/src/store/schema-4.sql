-- Schema 4: commands wait in the outbox too, each in the lane of its conversation.

-- A command: protobuf stonechat.v1.Frame with the call; its row has no body. NULL for a message.
ALTER TABLE outbox ADD COLUMN command BLOB;
-- The client_msg_id of the message that the command is about, while that one waits itself.
ALTER TABLE outbox ADD COLUMN about BLOB;
