package dataplatform.lambdas.sourcedatabase;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.postgresql.ssl.LibPQFactory;

class SourceDatabaseTest {
    private static final Map<String, String> SECRET = Map.of("username", "shop_admin", "password", "secret");

    @Test
    void trustsTheAuthoritiesOfRdsAndNoOthers() throws Exception {
        Properties login = SourceDatabase.login(SECRET, "source.abc.eu-west-1.rds.amazonaws.com");

        assertThat(login.getProperty("sslmode")).isEqualTo("verify-full");
        // as the driver reads the file; it refuses one that it can't
        assertThat(new LibPQFactory(login)).isNotNull();
    }

    @Test
    void encryptsTheWayToADatabaseWhoseAuthorityIsNotKnown() {
        Properties login = SourceDatabase.login(SECRET, "database.example.org");

        assertThat(login.getProperty("sslmode")).isEqualTo("require");
        assertThat(login).doesNotContainKey("sslrootcert");
    }

    @Test
    void theAuthoritiesAreRootsOfRdsThatAreStillValidInTenYears() throws Exception {
        List<X509Certificate> roots;
        try (InputStream packed = SourceDatabase.class.getResourceAsStream("rds-authorities.pem")) {
            roots = CertificateFactory.getInstance("X.509").generateCertificates(packed).stream()
                    .map(X509Certificate.class::cast)
                    .toList();
        }

        Date inTenYears = Date.from(Instant.now().plus(3652, ChronoUnit.DAYS));
        assertThat(roots).isNotEmpty().allSatisfy(root -> {
            assertThat(root.getSubjectX500Principal()).isEqualTo(root.getIssuerX500Principal());
            assertThat(root.getSubjectX500Principal().getName()).contains("O=Amazon Web Services\\, Inc.");
            root.verify(root.getPublicKey());
            root.checkValidity(inTenYears);
        });
        // the one that the source database's own certificate is by
        assertThat(roots)
                .extracting(root -> root.getSubjectX500Principal().getName())
                .anyMatch(name -> name.contains("CN=Amazon RDS us-east-1 Root CA RSA2048 G1"))
                .anyMatch(name -> name.contains("CN=Amazon RDS eu-central-1 Root CA RSA2048 G1"));
    }
}
