package dataplatform.lambdas.eventcollector;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * A request of a client.
 *
 * @param method of HTTP, in capitals
 * @param path such as {@code /v1/batch}
 * @param headers by their names in lower case
 * @param body as it came, perhaps compressed
 * @param address of the client
 * @param receivedAt when it came
 */
record Request(
        String method, String path, Map<String, String> headers, byte[] body, String address, Instant receivedAt) {

    Optional<String> header(String name) {
        return Optional.ofNullable(headers.get(name));
    }
}
