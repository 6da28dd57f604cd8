package dataplatform.local.torture;

import dataplatform.contracts.Contract;
import dataplatform.contracts.Contracts;
import dataplatform.local.platform.LocalPlatform;
import dataplatform.local.process.ChildProcess;
import dataplatform.local.s3.FaultyProxy;
import dataplatform.local.s3.S3Server;
import dataplatform.platform.SparkJob;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.model.S3Object;

/** What happens in a round of {@link Torture} besides changes and kills: each kind in turn, from one that the seed chooses. */
public final class Trouble implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Trouble.class);

    /** What a replication needs that loads everything anew. */
    static final String DROP_SLOT = "select pg_drop_replication_slot(slot_name) from pg_replication_slots";

    private static final List<String> SMALL_FILES = List.of("--batch-interval", "PT0.3S");
    private static final int KINDS = 8;
    private static final String LATE = "late/";

    private final LocalPlatform engines;
    private final FaultyProxy store;
    private final RandomChanges changes;
    private final Victim replication;
    private final Victim spark;
    private final SplittableRandom random;
    private final int first;
    private final List<Job> beside = new ArrayList<>();
    private boolean lacksALoad;
    private boolean isLate;

    /** A Spark job that runs beside the one that goes on. */
    private record Job(Callable<ChildProcess> start, ChildProcess child) {}

    Trouble(
            LocalPlatform engines,
            FaultyProxy store,
            RandomChanges changes,
            Victim replication,
            Victim spark,
            SplittableRandom random,
            long seed) {
        this.engines = engines;
        this.store = store;
        this.changes = changes;
        this.replication = replication;
        this.spark = spark;
        this.random = random;
        this.first = (int) Math.floorMod(seed, (long) KINDS);
    }

    /** Starts a replication with small files. */
    static ChildProcess replicator(LocalPlatform engines) throws IOException {
        return engines.replicator(SMALL_FILES);
    }

    /** Lets the round's trouble begin, and says how many transactions the round has. */
    int begin(int round) throws Exception {
        setFaulty(false);
        switch ((first + round) % KINDS) {
            case 0 -> {
                LOG.info("truncating a table, losing changes and loading everything anew");
                replication.stop();
                changes.truncate(contract("order_reviews"));
                for (int i = 0; i < Torture.TRANSACTIONS_PER_ROUND / 10; i++) {
                    changes.transaction();
                }
                changes.alter(DROP_SLOT);
                List<String> reload = new ArrayList<>(SMALL_FILES);
                reload.add("--reload");
                replication.start(() -> engines.replicator(reload));
                lacksALoad = false;
            }
            case 1 -> {
                LOG.info("adding, dropping, widening and narrowing columns");
                Contract products = contract("products");
                String column = "surprise_" + round;
                changes.alter("alter table ecommerce.sellers add column " + column + " integer default 7");
                changes.transaction();
                changes.alter("alter table ecommerce.sellers drop column " + column);
                changes.toggleWidth(products, products.column("product_weight_g"));
            }
            case 2 -> {
                LOG.info("breaking connections to the store");
                setFaulty(true);
                // what Spark begins is to end while there are faults
                return Torture.TRANSACTIONS_PER_ROUND * 3;
            }
            case 3 -> {
                LOG.info("running a second driver on the same tables");
                begin(() -> engines.start(SparkJob.BRONZE_TO_SILVER, List.of()));
            }
            case 4 -> {
                LOG.info("running maintenance beside the merges");
                begin(() -> engines.start(SparkJob.MAINTENANCE, List.of()));
            }
            case 5 -> {
                LOG.info("holding files back, to hand them out late, repeated, renamed and in any order");
                replication.restart(() -> engines.replicator("s3://" + S3Server.BRONZE + "/" + LATE, SMALL_FILES));
                isLate = true;
            }
            case 6 -> {
                LOG.info("running a second driver and maintenance while connections to the store break");
                setFaulty(true);
                begin(() -> engines.start(SparkJob.BRONZE_TO_SILVER, List.of()));
                begin(() -> engines.start(SparkJob.MAINTENANCE, List.of()));
            }
            default -> {
                LOG.info("renaming a column for a while");
                changes.alter("alter table ecommerce.sellers rename column seller_city to town");
                changes.alter("update ecommerce.sellers set seller_state = seller_state");
                changes.alter("alter table ecommerce.sellers rename column town to seller_city");
                // files without the column can't be read
                lacksALoad = true;
            }
        }
        return Torture.TRANSACTIONS_PER_ROUND;
    }

    void end() throws Exception {
        store.setFaulty(false);
        if (isLate) {
            isLate = false;
            replication.restart(() -> replicator(engines));
            handOut(random.nextInt(2, 4));
        } else {
            replication.startLater(() -> replicator(engines));
            handOut(1);
        }
        for (Job job : beside) {
            int code = job.child().process().waitFor();
            job.child().close();
            if (code != 0) {
                LOG.info("starting a job again, which ended with exit code {}", code);
                Torture.run(job.start());
            }
        }
        beside.clear();
    }

    /** Whether the source had a column otherwise since the last load, so that another one is needed. */
    boolean lacksALoad() {
        return lacksALoad;
    }

    private static Contract contract(String name) {
        return Contracts.replicated().stream()
                .filter(contract -> contract.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    /** While there are faults programs may give up, and are started again. */
    private void setFaulty(boolean faulty) {
        store.setFaulty(faulty);
        replication.mayEnd(faulty);
        spark.mayEnd(faulty);
    }

    private void begin(Callable<ChildProcess> job) throws Exception {
        beside.add(new Job(job, job.call()));
    }

    /**
     * Puts files that were held back where they belong: in any order, under other names, some twice, and some cut off first.
     *
     * @param oneIn of so many files one stays for a later round
     */
    private void handOut(int oneIn) throws IOException {
        List<S3Object> held = new ArrayList<>();
        engines.s3Client()
                .listObjectsV2Paginator(
                        request -> request.bucket(S3Server.BRONZE).prefix(LATE))
                .contents()
                .forEach(held::add);
        Collections.shuffle(held, new Random(random.nextLong()));
        int kept = 0;
        for (S3Object file : held) {
            byte[] content = engines.s3Client()
                    .getObjectAsBytes(request -> request.bucket(S3Server.BRONZE).key(file.key()))
                    .asByteArray();
            String key = file.key()
                    .replaceFirst(
                            LATE, URI.create(LocalPlatform.BRONZE).getPath().substring(1) + "/");
            boolean isLoad = key.contains("/LOAD");
            if (!isLoad && random.nextInt(10) == 0) {
                put(key, Arrays.copyOf(content, content.length / 2));
            }
            if (!isLoad && oneIn > 1 && random.nextInt(oneIn) == 0) {
                kept++;
                continue;
            }
            put(key, content);
            if (!isLoad && random.nextInt(4) == 0) {
                String other = "20200101-%09d.parquet".formatted(random.nextInt(1_000_000_000));
                put(key.replaceFirst("[^/]*$", other), content);
            }
            engines.s3Client()
                    .deleteObject(request -> request.bucket(S3Server.BRONZE).key(file.key()));
        }
        if (!held.isEmpty()) {
            LOG.info("handed out {} files, {} come later", held.size() - kept, kept);
        }
    }

    private void put(String key, byte[] content) {
        engines.s3Client()
                .putObject(request -> request.bucket(S3Server.BRONZE).key(key), RequestBody.fromBytes(content));
    }

    @Override
    public void close() throws IOException {
        handOut(1);
        for (Job job : beside) {
            job.child().close();
        }
    }
}
