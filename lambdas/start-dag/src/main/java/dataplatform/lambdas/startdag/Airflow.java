package dataplatform.lambdas.startdag;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;

/** Airflow's REST API, wherever Airflow runs. */
interface Airflow {
    /**
     * What Airflow answers.
     *
     * @param status of HTTP
     * @param body an object; of an error, with {@code detail}
     */
    record Answer(int status, JsonNode body) {}

    /**
     * Has Airflow started if it is not there.
     *
     * @throws IllegalStateException if it is not up yet
     */
    void wake();

    /**
     * Calls it.
     *
     * @param path such as {@code /dags/finance}, with a query if there is one
     * @throws RuntimeException if there is no answer
     */
    Answer call(String method, String path, Optional<JsonNode> body);
}
