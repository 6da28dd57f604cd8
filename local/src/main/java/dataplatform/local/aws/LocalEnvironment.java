package dataplatform.local.aws;

import dataplatform.platform.Names;

/** The environment that this machine stands for. */
public final class LocalEnvironment {
    public static final Names NAMES = new Names("dev");

    private LocalEnvironment() {}
}
