package dataplatform.lambdas.eventcollector;

/**
 * What is written of a message.
 *
 * @param key in ASCII; messages with the same one are of the same person, and keep their order
 * @param json one line, as the transformer reads it
 */
record Event(String key, byte[] json) {}
