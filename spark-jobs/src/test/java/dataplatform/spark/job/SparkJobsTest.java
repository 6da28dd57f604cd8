package dataplatform.spark.job;

import static org.assertj.core.api.Assertions.assertThatCode;

import dataplatform.platform.SparkJob;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SparkJobsTest {
    @ParameterizedTest
    @EnumSource(SparkJob.class)
    void eachJobIsAProgramOfThisJar(SparkJob job) {
        assertThatCode(() -> Class.forName(job.mainClass()).getMethod("main", String[].class))
                .doesNotThrowAnyException();
    }
}
